//! Development images have their own pip in `/venv`, and shipped images have none.

use pybuild_tests::program::pybuild;
use pybuild_tests::project::nonce;
use pybuild_tests::{Build, Image, Index, Project, Result, Wheel};

use crate::locked::{HEAD, uv_package};

/// Which pip answers to each of the ways to call it.
const CALLS: &str = "for call in 'python -m pip' pip pip3 pip3.11; do $call --version | cut -d' ' -f3-; done";

/// Tools that call a pip of their own environments, and what each has installed there. Nothing of it may get
/// into `/venv`, but for what is installed there by name.
const TOOLS: &str = r#"set -e
pip install --quiet build tox virtualenv
mkdir /tmp/demo && cd /tmp/demo
cat > pyproject.toml <<'END'
[project]
name = "demo"
version = "1"
description = "demo"
[build-system]
requires = ["flit_core"]
build-backend = "flit_core.buildapi"
END
echo '"""demo"""' > demo.py
python -m build --wheel . >&2
printf '[tox]\nskipsdist = true\nenv_list = py\n[testenv]\ndeps = six\ncommands = python -c "import six"\n' > tox.ini
tox -q >&2
python -m venv nested && nested/bin/pip install --quiet six
virtualenv -q other && other/bin/pip install --quiet six
ls -d dist/*.whl .tox/py/lib/*/site-packages/six.py nested/lib/*/site-packages/six.py other/lib/*/site-packages/six.py
ls /venv/lib/python3.11/site-packages | grep -c -e six -e flit || true
"#;

fn has_pip(image: &Image) -> Result<bool> {
    let files = image.files()?;
    Ok(files.iter().any(|file| file.starts_with("venv/") && file.contains("/pip")))
}

fn check_development(image: &Image) -> Result {
    assert_eq!(image.env("PIP_PYTHON")?, None);
    let own = "from /venv/lib/python3.11/site-packages/pip (python 3.11)";
    assert_eq!(image.prints(&["sh", "-c", CALLS])?.lines().collect::<Vec<_>>(), [own; 4]);
    Ok(())
}

#[test]
fn pip_works_in_an_image_to_work_in_and_in_the_environments_made_there() -> Result {
    let requirements = format!("# {}\n", nonce());
    let project = Project::with(&[
        ("pybuild.toml", &format!("{HEAD}[stage.more]\nfrom = \"builder\"\n")),
        ("requirements.txt", &requirements),
        ("app.py", ""),
    ])?;
    let outcome = Build::of(&project).target("dev").load().succeed()?;
    let image = outcome.image()?;
    check_development(image)?;
    let made = image.prints(&["sh", "-c", TOOLS])?;
    let expected = [
        ".tox/py/lib/python3.11/site-packages/six.py",
        "dist/demo-1-py2.py3-none-any.whl",
        "nested/lib/python3.11/site-packages/six.py",
        "other/lib/python3.11/site-packages/six.py",
        "0",
    ];
    assert_eq!(made.lines().collect::<Vec<_>>(), expected);
    for target in ["builder", "more"] {
        let outcome = Build::of(&project).target(target).load().succeed()?;
        check_development(outcome.image()?)?;
        // The layer is there already.
        assert!(!outcome.ran("unpack: pip")?, "{}", outcome.transcript());
    }
    let production = Build::of(&project).load().succeed()?;
    assert!(!has_pip(production.image()?)?);
    assert_eq!(production.progress.named("pip of the base image").len(), 0);

    // The engine's own Dockerfile frontend: it has no other to pull.
    let text = pybuild(&project, &["eject", "--target", "dev"])?;
    project.write("Dockerfile", text.split_once('\n').map(|(_, rest)| rest).unwrap_or_default())?;
    let ejected = Build::of(&project).file("Dockerfile").load().succeed()?;
    check_development(ejected.image()?)?;
    let version = ["pip", "--version"];
    assert_eq!(ejected.image()?.prints(&version)?, image.prints(&version)?);
    Ok(())
}

#[test]
fn where_pip_installs_an_image_to_work_in_has_a_pip_too() -> Result {
    let project = Project::with(&[
        ("pybuild.toml", &format!("{HEAD}dependencies.installer = \"pip\"\n")),
        ("requirements.txt", &format!("six==1.17.0\n# {}\n", nonce())),
        ("app.py", ""),
    ])?;
    check_development(Build::of(&project).target("dev").load().succeed()?.image()?)?;
    assert!(!has_pip(Build::of(&project).load().succeed()?.image()?)?);
    Ok(())
}

#[test]
fn a_pip_of_the_lock_is_the_one_that_is_there() -> Result {
    let index = Index::start()?;
    let pip = index.wheel(&Wheel::new("pip", "99.1").with("pip/__init__.py", b"__version__ = '99.1'\n"));
    let lock = format!(
        "version = 1\nrevision = 3\nrequires-python = \">=3.11\"\n\n{}\
         [[package]]\nname = \"app\"\nversion = \"1\"\nsource = {{ virtual = \".\" }}\n\n\
         [package.dev-dependencies]\ntools = [{{ name = \"pip\" }}]\n\n\
         [package.metadata]\n\n[package.metadata.requires-dev]\ntools = [{{ name = \"pip\" }}]\n",
        uv_package(&pip, "")
    );
    let tables = "[stage.dev]\n[stage.test]\ngroups = [\"tools\"]\n[stage.more]\nfrom = \"dev\"\ngroups = [\"tools\"]\n";
    let manifest = "[project]\nname = \"app\"\nversion = \"1\"\nrequires-python = \">=3.11\"\n\n\
                    [dependency-groups]\ntools = [\"pip\"]\n";
    let project = Project::with(&[
        ("pybuild.toml", &format!("{HEAD}{tables}")),
        ("pyproject.toml", manifest),
        ("uv.lock", &lock),
        ("app.py", ""),
    ])?;
    let found = "import glob, pip\n\
                 count = lambda name: len(glob.glob('/venv/lib/*/site-packages/' + name))\n\
                 print(pip.__version__, count('pip-*'), count('pip/*.py'))";
    for target in ["test", "more"] {
        let outcome = Build::of(&project).target(target).load().succeed()?;
        // One folder about it, and its own module: nothing is left of another pip.
        assert_eq!(outcome.image()?.prints(&["python", "-c", found])?, "99.1 1 1", "{target}");
    }
    check_development(Build::of(&project).target("dev").load().succeed()?.image()?)?;
    Ok(())
}
