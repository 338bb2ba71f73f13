//! Conda packages: locks and `environment.yml` are built into images without conda, and containers run the
//! programs. The Python of these environments is one of their packages.

use std::fmt::Write as _;
use std::sync::OnceLock;

use pybuild_tests::conda::{NATIVE, PLACEHOLDER, python, repodata};
use pybuild_tests::index::sha256;
use pybuild_tests::project::nonce;
use pybuild_tests::{
    Build, CondaPackage, Container, Image, Index, Project, Published, Result, Wheel, pybuild,
};

const HEAD: &str = "# syntax=localhost:5000/pybuild:dev\n";

/// The packages of most tests: in both formats, with a text and a binary that name the environment.
fn packages() -> Result<&'static [CondaPackage]> {
    static PACKAGES: OnceLock<Vec<CondaPackage>> = OnceLock::new();
    if let Some(packages) = PACKAGES.get() {
        return Ok(packages);
    }
    let binary = [b"\x7fbinary\0", PLACEHOLDER.as_bytes(), b"/share/where\0tail\0"].concat();
    let hello = format!("#!{PLACEHOLDER}/bin/python\nimport tool\n\ntool.main()\n");
    let made = vec![
        python()?.depends("where"),
        CondaPackage::native("where", "1.0")
            .old_format()
            .binary_with_prefix("share/where.bin", &binary)
            .text_with_prefix("bin/hello", &hello, true)
            .link("share/link.bin", "where.bin"),
        CondaPackage::noarch("tool", "2.1").entry_point("tool = tool:main").old_format(),
        CondaPackage::noarch("checker", "0.9").entry_point("checker = checker:main"),
    ];
    Ok(PACKAGES.get_or_init(|| made))
}

/// A channel on the loopback interface, with each package's file.
fn published() -> Result<(Index, Vec<Published>)> {
    let index = Index::start()?;
    let files = packages()?.iter().map(|package| index.conda(package)).collect::<Result<_>>()?;
    Ok((index, files))
}

/// A `conda-lock.yml` as conda-lock writes it.
pub(crate) fn conda_lock(entries: &[(&Published, &str, &str)]) -> String {
    let mut lock = format!(
        "version: 1\nmetadata:\n  content_hash:\n    {NATIVE}: 00\n  channels:\n  - url: team\n    used_env_vars: []\n  \
         platforms:\n  - {NATIVE}\n  sources:\n  - environment.yml\npackage:\n"
    );
    for (file, manager, category) in entries {
        let Published { name, version, url, sha256, .. } = file;
        let _ = write!(
            lock,
            "- name: {name}\n  version: '{version}'\n  manager: {manager}\n  platform: {NATIVE}\n  dependencies: {{}}\n  \
             url: {url}\n  hash:\n    md5: 00000000000000000000000000000000\n    sha256: {sha256}\n  \
             category: {category}\n  optional: false\n"
        );
    }
    lock
}

/// A `pixi.lock` with one environment more than the default one.
fn pixi_lock(default: &[(&Published, &str)], test: &[(&Published, &str)]) -> String {
    let list = |entries: &[(&Published, &str)]| -> String {
        let lines: Vec<_> =
            entries.iter().map(|(file, kind)| format!("      - {kind}: {}\n", file.url)).collect();
        lines.concat()
    };
    let mut lock = format!(
        "version: 6\nenvironments:\n  default:\n    channels:\n    - url: http://team.example/\n    packages:\n      \
         {NATIVE}:\n{}  test:\n    channels:\n    - url: http://team.example/\n    packages:\n      {NATIVE}:\n{}{}packages:\n",
        list(default),
        list(default),
        list(test)
    );
    for (file, kind) in default.iter().chain(test) {
        let Published { name, version, url, sha256, size, .. } = file;
        let _ = write!(lock, "- {kind}: {url}\n  sha256: {sha256}\n  size: {size}\n");
        if *kind == "pypi" {
            let _ = write!(lock, "  name: {name}\n  version: '{version}'\n");
        }
    }
    lock
}

/// The packages as a channel in the project, in the folder `channel`.
fn add_channel(project: &Project) -> Result {
    let packages = packages()?;
    for package in packages {
        let path = format!("channel/{}/{}", package.subdir(), package.file_name());
        project.write_bytes(&path, &package.bytes()?)?;
    }
    for subdir in [NATIVE, "noarch"] {
        project.write(&format!("channel/{subdir}/repodata.json"), &repodata(subdir, packages)?)?;
    }
    Ok(())
}

const SHOW: &str = "import sys, tool\n\
    data = open(sys.prefix + '/share/link.bin', 'rb').read()\n\
    print(sys.prefix, sys.version_info[:2], tool.VERSION, tool.__file__, len(data), data.split(b'\\0')[1].decode())\n";

#[test]
fn a_conda_lock_becomes_an_image_without_conda() -> Result {
    let (index, files) = published()?;
    let wheel = index.wheel(&Wheel::new("extra", "5.0").script("extra"));
    let [python, location, tool, checker] = &files[..] else { panic!("four packages") };
    let lock = conda_lock(&[
        (python, "conda", "main"),
        (location, "conda", "main"),
        (tool, "conda", "main"),
        (checker, "conda", "dev"),
        (&wheel, "pip", "main"),
    ]);
    let project = Project::with(&[
        ("pybuild.toml", &format!("{HEAD}[stage.production]\ncommand = [\"tool\"]\n")),
        ("conda-lock.yml", &lock),
        ("app.py", "import tool\n"),
    ])?;
    let outcome = Build::of(&project).load().succeed()?;
    let image = outcome.image()?;

    let length = b"\x7fbinary\0".len() + PLACEHOLDER.len() + b"/share/where\0tail\0".len();
    assert_eq!(
        image.prints(&["python", "-c", SHOW])?,
        format!("/venv (3, 11) 2.1 /venv/lib/python3.11/site-packages/tool.py {length} /venv/share/where")
    );
    // A script of the package, an entry point of conda's, and one of a wheel's.
    for (command, says) in [("hello", "tool 2.1"), ("tool", "tool 2.1"), ("extra", "extra 5.0")] {
        assert_eq!(image.prints(&[command])?, says, "{command}");
    }
    let record = image.prints(&["cat", "/venv/conda-meta/tool-2.1-py_0.json"])?;
    let record: serde_json::Value = serde_json::from_str(&record)?;
    assert_eq!(
        (&record["name"], &record["url"], &record["sha256"]),
        (&"tool".into(), &tool.url.clone().into(), &tool.sha256.clone().into())
    );
    assert_eq!(record["files"], serde_json::json!(["bin/tool", "lib/python3.11/site-packages/tool.py"]));
    assert_eq!(image.env("CONDA_PREFIX")?.as_deref(), Some("/venv"));
    assert_eq!(image.env("VIRTUAL_ENV")?, None);
    // A time that the package gives stays: bytecode that it brings is valid by it.
    assert_eq!(image.prints(&["stat", "-c", "%Y %a", "/venv/share/where.bin"])?, "1700000000 644");
    // Both kinds of packages without bytecode of their own get it, as it needs no check of the source.
    let cached = "import tool, extra\nfor module in tool, extra:\n    \
                  code = open(module.__cached__, 'rb').read()\n    print(module.__cached__, code[4])";
    let site = "/venv/lib/python3.11/site-packages/__pycache__";
    let expected = format!("{site}/tool.cpython-311.pyc 1\n{site}/extra.cpython-311.pyc 1");
    assert_eq!(image.prints(&["python", "-c", cached])?, expected);
    let files = image.files()?;
    assert!(
        !files.contains("venv/bin/conda") && !files.contains("venv/lib/python3.11/site-packages/checker.py")
    );

    let dev = Build::of(&project).target("dev").load().succeed()?;
    assert_eq!(dev.image()?.prints(&["checker"])?, "checker 0.9");

    project.append("pybuild.toml", "[dependencies]\nbytecode = false\n")?;
    let without = Build::of(&project).load().succeed()?;
    let files = without.image()?.files()?;
    let of_site = format!("{}/", site.trim_start_matches('/'));
    assert!(!files.iter().any(|path| path.starts_with(&of_site)), "bytecode that nobody wants");
    Ok(())
}

/// What of an image is the same however its packages got there. Each installer notes what it did in its own
/// way.
const SAME: &str = "cd /venv && find . -not -path './conda-meta*' -not -name '*.pyc' -not -name __pycache__ \\
    -not -path '*.dist-info/*' | sort; \
    find . -type f -not -path './conda-meta/*' -not -name '*.pyc' -not -path '*.dist-info/*' -not -path './bin/*' | sort | xargs sha256sum; \
    cat /app/app.py; id -u";

#[test]
fn an_ejected_dockerfile_has_the_packages_without_pybuild() -> Result {
    let (_index, files) = published()?;
    let [python, location, tool, checker] = &files[..] else { panic!("four packages") };
    let lock = conda_lock(&[
        (python, "conda", "main"),
        (location, "conda", "main"),
        (tool, "conda", "main"),
        (checker, "conda", "dev"),
    ]);
    let file = format!(
        "{HEAD}[stage.test]\nchecks.checker = \"checker\"\n[stage.production]\ncommand = [\"tool\"]\nrequires = [\"test\"]\n"
    );
    let project = Project::with(&[
        ("pybuild.toml", &file),
        ("conda-lock.yml", &lock),
        ("app.py", "import tool\n"),
        (".dockerignore", ".git\nDockerfile*\n"),
    ])?;
    let ours = Build::of(&project).load().succeed()?;
    // The engine's own Dockerfile frontend: it has no other to pull.
    let text = pybuild(&project, &["eject"])?;
    project.write("Dockerfile", text.split_once('\n').map(|(_, rest)| rest).unwrap_or_default())?;
    let ejected = Build::of(&project).file("Dockerfile").load().succeed()?;
    let (ours, ejected) = (ours.image()?, ejected.image()?);
    for (command, says) in [("hello", "tool 2.1"), ("tool", "tool 2.1")] {
        assert_eq!(ejected.prints(&[command])?, says, "{command}");
    }
    assert_eq!(ejected.prints(&["sh", "-c", SAME])?, ours.prints(&["sh", "-c", SAME])?);
    let noted = |image: &Image| -> Result<serde_json::Value> {
        let text = image.prints(&["cat", "/venv/conda-meta/tool-2.1-py_0.json"])?;
        let record: serde_json::Value = serde_json::from_str(&text)?;
        Ok(serde_json::json!([record["name"], record["url"], record["sha256"], record["files"]]))
    };
    assert_eq!(noted(ejected)?, noted(ours)?);
    let variables = |image: &Image| image.config().map(|config| config["Env"].clone());
    let sorted = |env: serde_json::Value| {
        let mut env: Vec<String> = env.as_array().into_iter().flatten().map(ToString::to_string).collect();
        env.sort();
        env
    };
    assert_eq!(sorted(variables(ejected)?), sorted(variables(ours)?));
    Ok(())
}

#[test]
fn a_changed_package_of_a_pixi_lock_changes_one_layer() -> Result {
    let (index, files) = published()?;
    let [python, location, tool, checker] = &files[..] else { panic!("four packages") };
    let conda = |file| (file, "conda");
    let wheel = index.wheel(&Wheel::new("extra", "5.0"));
    let lock = pixi_lock(&[conda(python), conda(location), conda(tool), (&wheel, "pypi")], &[conda(checker)]);
    let project = Project::with(&[
        (
            "pybuild.toml",
            &format!(
                "{HEAD}app.include = [\"app.py\"]\n[stage.test]\ngroups = [\"test\"]\nchecks.checker = \"checker\"\n"
            ),
        ),
        ("pixi.lock", &lock),
        ("app.py", "import tool\n"),
    ])?;
    let before = Build::of(&project).load().succeed()?;
    Build::of(&project).target("test").succeed()?;

    let newer = index.conda(&CondaPackage::noarch("tool", "2.2").entry_point("tool = tool:main"))?;
    project.write("pixi.lock", &lock.replace(&tool.url, &newer.url).replace(&tool.sha256, &newer.sha256))?;
    let after = Build::of(&project).load().succeed()?;
    assert_eq!(after.image()?.prints(&["tool"])?, "tool 2.2");
    let (before, after) = (before.image()?.named_layers()?, after.image()?.named_layers()?);
    let changed: Vec<_> = after.iter().filter(|(name, layer)| before.get(*name) != Some(layer)).collect();
    assert_eq!(changed.len(), 1, "{changed:#?}");
    assert!(changed[0].0.starts_with("conda: packages "), "{changed:#?}");
    Ok(())
}

#[test]
fn an_environment_file_is_resolved_from_a_channel_in_the_project() -> Result {
    let environment = "name: demo\nchannels:\n  - ./channel\ndependencies:\n  - python=3.11\n  - tool >=2\n  \
                       - pip:\n    - colorama==0.4.6\n";
    let project = Project::with(&[
        (
            "pybuild.toml",
            &format!("{HEAD}python.build-base = \"python:3.11-slim\"\napp.include = [\"app.py\"]\n"),
        ),
        ("environment.yml", environment),
        ("app.py", "import tool\n"),
    ])?;
    add_channel(&project)?;
    let outcome = Build::of(&project).load().succeed()?;
    let image = outcome.image()?;
    let show = "import sys, tool, colorama; print(sys.prefix, tool.VERSION, colorama.__version__)";
    assert_eq!(image.prints(&["python", "-c", show])?, "/venv 2.1 0.4.6");
    // `where` is there because `python` needs it.
    assert_eq!(image.prints(&["hello"])?, "tool 2.1");
    let warned =
        "the dependencies in environment.yml are not locked: the next build may install other versions";
    assert!(outcome.progress.warnings.iter().any(|warning| warning.short.contains(warned)));

    project.append("app.py", "print(tool.VERSION)\n")?;
    let again = Build::of(&project).load().succeed()?;
    assert!(!again.ran("resolve: environment.yml")?, "a change of the app resolves again");

    project.replace("environment.yml", "  - tool >=2\n", "  - tool >=2\n  - nowhere-to-be-found\n")?;
    let failed = Build::of(&project).fail()?;
    assert!(failed.errors.starts_with("environment.yml:7\n"), "{}", failed.errors);
    assert!(failed.errors.contains("   7 | >>>   - nowhere-to-be-found\n"), "{}", failed.errors);
    Ok(())
}

#[test]
fn what_cannot_be_installed_is_refused_with_its_place() -> Result {
    let index = Index::start()?;
    let tool = index.conda(&CondaPackage::noarch("tool", "2.1"))?;
    let lock = conda_lock(&[(&tool, "conda", "main")]);
    let project = Project::with(&[("pybuild.toml", HEAD), ("conda-lock.yml", &lock)])?;
    let failed = Build::of(&project).fail()?;
    assert!(failed.errors.contains("conda-lock.yml has no `python` of version 3"), "{}", failed.errors);

    let unhashed = lock.replace(&format!("    sha256: {}\n", tool.sha256), "");
    project.write("conda-lock.yml", &unhashed)?;
    let failed = Build::of(&project).fail()?;
    assert!(failed.errors.contains("`tool` is locked without a SHA-256"), "{}", failed.errors);
    assert!(failed.errors.contains("conda-lock.yml:13"), "{}", failed.errors);

    // The smallest thing that goes for a Python, and a package that wants to write elsewhere.
    let python = index.conda(&CondaPackage::native("python", "3.11.2").file("bin/python3.11", b""))?;
    let bad = index
        .conda(&CondaPackage::native("bad", "1").file("lib/x", b"").link("lib/y", "../../etc/passwd"))?;
    project.write("conda-lock.yml", &conda_lock(&[(&python, "conda", "main"), (&bad, "conda", "main")]))?;
    let failed = Build::of(&project).fail()?;
    let said = failed.transcript();
    assert!(
        said.contains("cannot install `bad-1-h0_0.conda`: the link `lib/y` points out of the environment, to `../../etc/passwd`"),
        "{said}"
    );
    Ok(())
}

/// What a build says of a lock whose `bad` package is made by `publish`.
fn refusal(publish: impl Fn(&Index) -> Result<(Published, String)>) -> Result<(Published, String)> {
    let index = Index::start()?;
    let python = index.conda(&CondaPackage::native("python", "3.11.2").file("bin/python3.11", b""))?;
    let (bad, sha256) = publish(&index)?;
    let locked = Published { sha256, ..bad };
    let lock = conda_lock(&[(&python, "conda", "main"), (&locked, "conda", "main")]);
    let project = Project::with(&[("pybuild.toml", HEAD), ("conda-lock.yml", &lock)])?;
    let said = Build::of(&project).fail()?.transcript();
    Ok((locked, said))
}

fn bad(name: &str) -> CondaPackage {
    CondaPackage::native("bad", "1").file(name, nonce().as_bytes())
}

#[test]
fn a_package_with_another_hash_than_the_locks_is_not_unpacked() -> Result {
    let (locked, said) = refusal(|index| {
        let bad = index.conda(&bad("lib/x"))?;
        Ok((bad, sha256(nonce().as_bytes())))
    })?;
    assert!(said.contains("digest mismatch sha256:"), "{said}");
    assert!(said.contains(&format!(": sha256:{}", locked.sha256)), "{said}");
    // The lock's lines are shown.
    assert!(said.contains("conda-lock.yml:"), "{said}");
    Ok(())
}

#[test]
fn a_package_in_the_project_with_another_hash_than_the_channels_is_refused() -> Result {
    let environment = "channels:\n  - ./channel\ndependencies:\n  - python=3.11\n  - bad\n";
    let build_file = format!("{HEAD}python.build-base = \"python:3.11-slim\"\n");
    let project = Project::with(&[("pybuild.toml", &build_file), ("environment.yml", environment)])?;
    let python = CondaPackage::native("python", "3.11.2").file("bin/python3.11", b"");
    let packages = [python, bad("lib/x")];
    for package in &packages {
        let path = format!("channel/{NATIVE}/{}", package.file_name());
        project.write_bytes(&path, &package.bytes()?)?;
    }
    project.write(&format!("channel/{NATIVE}/repodata.json"), &repodata(NATIVE, &packages)?)?;
    project.write("channel/noarch/repodata.json", &repodata("noarch", &[])?)?;
    let expected = sha256(&packages[1].bytes()?);
    // Somebody has put another file there since the channel was indexed.
    let other = bad("lib/y").bytes()?;
    project.write_bytes(&format!("channel/{NATIVE}/{}", packages[1].file_name()), &other)?;
    let said = Build::of(&project).fail()?.transcript();
    let wanted = format!(
        "cannot install `bad-1-h0_0.conda`: its sha256 is {}, but the lock says {expected}",
        sha256(&other)
    );
    assert!(said.contains(&wanted), "{said}");
    Ok(())
}

#[test]
fn a_package_that_ends_early_is_refused() -> Result {
    for package in [bad("lib/x"), bad("lib/x").old_format()] {
        let (_, said) = refusal(|index| {
            let published = index.conda(&package)?;
            let whole = package.bytes()?;
            let sha256 = index.replace(&published, &whole[..whole.len() - 40]);
            Ok((published, sha256))
        })?;
        let wanted = format!("cannot install `{}`: the archive is damaged: ", package.file_name());
        assert!(said.contains(&wanted), "{said}");
        assert!(said.contains("help: the package does not follow the format; use another build"), "{said}");
    }
    Ok(())
}

#[test]
fn the_example_answers_from_its_environment() -> Result {
    let project = Project::example("conda")?;
    // A channel of our own in the place of the public one.
    project.replace("environment.yml", "- conda-forge", "- ./channel")?;
    add_channel(&project)?;
    let outcome = Build::of(&project).load().succeed()?;

    let container = Container::start(outcome.image()?, 8000)?;
    let answer = container.get(8000, "/")?.json()?;
    assert_eq!(answer["environment"], "/venv");
    assert_eq!(answer["packages"], serde_json::json!(["python-3.11.2-h0_0", "where-1.0-h0_0"]));
    Ok(())
}

/// Of a file that several packages bring, each in a layer of its own, the image has the file of the package
/// that the lock's tool installs last. Measured with py-rattler 0.28.0: `alpha` before `beta`, and what
/// requires before what is required. conda and conda-lock install `beta` after `alpha`.
#[test]
fn of_a_file_that_several_packages_bring_the_one_of_the_last_installed_is_there() -> Result {
    let index = Index::start()?;
    let share = |name: &str| {
        let text = format!("{name} {}", nonce());
        CondaPackage::native(name, "1.0")
            .file("share/same", name.as_bytes())
            .file("share/own", text.as_bytes())
    };
    let required = |name: &str| CondaPackage::native(name, "1.0").file("share/required", name.as_bytes());
    let made =
        [python()?, share("alpha"), share("beta"), required("atop").depends("zbase"), required("zbase")];
    let files = made.iter().map(|package| index.conda(package)).collect::<Result<Vec<_>>>()?;
    let atop = &files[3].url;
    let conda = conda_lock(&files.iter().map(|file| (file, "conda", "main")).collect::<Vec<_>>()).replace(
        &format!("dependencies: {{}}\n  url: {atop}\n"),
        &format!("dependencies:\n    zbase: ''\n  url: {atop}\n"),
    );
    let pixi = pixi_lock(&files.iter().map(|file| (file, "conda")).collect::<Vec<_>>(), &[]).replace(
        &format!("- conda: {atop}\n  sha256"),
        &format!("- conda: {atop}\n  depends:\n  - zbase >=1.0\n  sha256"),
    );
    assert!(conda.contains("zbase: ''") && pixi.contains("zbase >=1.0"));
    for (name, lock, same) in [("conda-lock.yml", &conda, "beta"), ("pixi.lock", &pixi, "alpha")] {
        let project = Project::with(&[
            ("pybuild.toml", &format!("{HEAD}[stage.production]\ncommand = [\"python\"]\n")),
            (name, lock),
            ("app.py", "print(1)\n"),
        ])?;
        let outcome = Build::of(&project).load().succeed()?;
        let image = outcome.image()?;
        assert_eq!(image.prints(&["cat", "/venv/share/same"])?, same, "{name}");
        assert_eq!(image.prints(&["cat", "/venv/share/required"])?, "atop", "{name}");
    }
    Ok(())
}
