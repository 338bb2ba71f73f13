//! The files of wheels in an image, and the sources that are built to wheels first: archives, repositories,
//! folders, the project.

use pybuild_tests::git::Repository;
use pybuild_tests::project::nonce;
use pybuild_tests::source::{self, BUILD_SYSTEM};
use pybuild_tests::{Build, Index, Outcome, Project, Result, Wheel};

use crate::locked::{HEAD, installed, project, pylock};

/// Writes the sources of a package into a folder of a project.
fn write_sources(project: &Project, folder: &str, name: &str, version: &str) -> Result {
    for (path, text) in source::files(name, version) {
        project.write(&format!("{folder}{path}"), &text)?;
    }
    Ok(())
}

fn prints_version(outcome: &Outcome, name: &str) -> Result<String> {
    outcome.image()?.prints(&["python", "-c", &format!("import {name}; print({name}.VERSION)")])
}

#[test]
fn scripts_of_wheels_run() -> Result {
    let index = Index::start()?;
    let alpha = index.wheel(&Wheel::new("alpha", "1.0").script("greet"));
    let project = project("pylock.toml", &pylock(&[&alpha]), "[stage.production]\ncommand = [\"greet\"]\n")?;
    let outcome = Build::of(&project).load().succeed()?;
    assert_eq!(outcome.image()?.prints(&["greet"])?, "alpha 1.0");
    assert_eq!(outcome.image()?.prints(&["head", "-n1", "/venv/bin/greet"])?, "#!/venv/bin/python");
    Ok(())
}

/// Every file of every package, as RECORD says, with its hash and size.
const CHECK_RECORDS: &str = r"
import base64, hashlib, importlib.metadata as m, os
site = '/venv/lib/python3.11/site-packages'
listed = set()
for d in m.distributions(path=[site]):
    for f in d.files:
        path = os.path.normpath(f.locate())
        listed.add(path)
        content = open(path, 'rb').read()
        if f.hash is None:
            assert f.name == 'RECORD', f
            continue
        hashed = base64.urlsafe_b64encode(hashlib.new(f.hash.mode, content).digest()).rstrip(b'=').decode()
        assert (hashed, len(content)) == (f.hash.value, f.size), f
there = {os.path.join(folder, name) for folder, _, names in os.walk(site) for name in names
         if not name.endswith('.pyc')}
print(len(there), sorted(there - listed))
";

#[test]
fn what_is_installed_is_what_record_lists() -> Result {
    let index = Index::start()?;
    let alpha = Wheel::new("alpha", "1.0").script("greet").with("alpha_data/x/notes.txt", b"notes\n");
    let files = [index.wheel(&alpha), index.wheel(&Wheel::new("beta", "1.0"))];
    let project = project("pylock.toml", &pylock(&[&files[0], &files[1]]), "")?;
    let outcome = Build::of(&project).load().succeed()?;
    let image = outcome.image()?;
    assert_eq!(installed(image)?, ["alpha 1.0 pybuild", "beta 1.0 pybuild"]);
    // A module and five files of metadata each; alpha has its entry points and notes besides.
    assert_eq!(image.prints(&["python", "-c", CHECK_RECORDS])?, "14 []");
    Ok(())
}

#[test]
fn modules_have_bytecode_unless_it_is_switched_off() -> Result {
    let index = Index::start()?;
    let lock = pylock(&[&index.wheel(&Wheel::new("alpha", "1.0"))]);
    let is_bytecode = |path: &&String| path.starts_with("venv/") && path.contains("/__pycache__/alpha");
    for (tables, expected) in [
        ("", &["venv/lib/python3.11/site-packages/__pycache__/alpha.cpython-311.pyc"][..]),
        ("dependencies.bytecode = false\n", &[]),
    ] {
        let outcome = Build::of(&project("pylock.toml", &lock, tables)?).load().succeed()?;
        let files = outcome.image()?.files()?;
        assert_eq!(files.iter().filter(is_bytecode).collect::<Vec<_>>(), expected);
        assert_eq!(prints_version(&outcome, "alpha")?, "1.0");
    }
    Ok(())
}

#[test]
fn a_source_archive_becomes_a_wheel_in_a_step_of_its_own() -> Result {
    let index = Index::start()?;
    let (alpha, beta) = (index.wheel(&Wheel::new("alpha", "1.0")), index.sdist("beta", "2.0", &nonce())?);
    let project = project("pylock.toml", &pylock(&[&alpha, &beta]), "")?;
    let outcome = Build::of(&project).load().succeed()?;
    assert_eq!(prints_version(&outcome, "beta")?, "2.0");
    assert_eq!(installed(outcome.image()?)?, ["alpha 1.0 pybuild", "beta 2.0 pybuild"]);
    let build = outcome.step("[builder] build: beta 2.0")?;
    let fetched = outcome.step("[wheels] beta 2.0")?;
    assert!(build.ran() && build.inputs.contains(&fetched.digest), "{}", outcome.transcript());
    Ok(())
}

#[test]
fn a_repository_and_a_folder_are_dependencies() -> Result {
    let sources = Project::with(&[])?;
    write_sources(&sources, "libs/beta/", "beta", "2.0")?;
    let repository = Repository::of(&sources)?;
    let url = repository.url();
    let lock = format!(
        "lock-version = \"1.0\"\ncreated-by = \"e2e\"\n\n\
         [[packages]]\nname = \"beta\"\n[packages.vcs]\ntype = \"git\"\nurl = \"{}\"\n\
         commit-id = \"{}\"\nsubdirectory = \"libs/beta\"\n\n\
         [[packages]]\nname = \"gamma\"\n[packages.directory]\npath = \"libs/gamma\"\n",
        url.trim_end_matches("#main"),
        repository.commit()
    );
    let project = project("pylock.toml", &lock, "app.include = [\"app.py\"]\n")?;
    write_sources(&project, "libs/gamma/", "gamma", "3.0")?;
    let outcome = Build::of(&project).load().succeed()?;
    assert_eq!(prints_version(&outcome, "beta")?, "2.0");
    assert_eq!(prints_version(&outcome, "gamma")?, "3.0");
    assert_eq!(installed(outcome.image()?)?, ["beta 2.0 pybuild", "gamma 3.0 pybuild"]);

    // Other files of the context are no input of the folder's wheel.
    project.write("app.py", "print('changed')\n")?;
    let after = Build::of(&project).succeed()?;
    assert!(!after.ran("[builder] build: gamma")?, "{}", after.transcript());
    Ok(())
}

#[test]
fn a_project_that_is_a_package_is_a_wheel_of_its_own_sources() -> Result {
    let index = Index::start()?;
    let pyproject = format!(
        "{BUILD_SYSTEM}[project]\nname = \"shop\"\nversion = \"1.0\"\n[project.scripts]\nshop = \"shop:main\"\n"
    );
    let project = Project::with(&[("pybuild.toml", HEAD)])?;
    write_sources(&project, "", "shop", "1.0")?;
    project.write("pyproject.toml", &pyproject)?;
    let code = format!("import alpha  # {}\n\n\ndef main():\n    print('shop', alpha.VERSION)\n", nonce());
    project.write("shop.py", &code)?;
    project.write("pylock.toml", &pylock(&[&index.wheel(&Wheel::new("alpha", "1.0"))]))?;
    let before = Build::of(&project).load().succeed()?;
    assert_eq!(before.image()?.prints(&["shop"])?, "shop 1.0");
    assert_eq!(installed(before.image()?)?, ["alpha 1.0 pybuild", "shop 1.0 pybuild"]);

    project.replace("pyproject.toml", "version = \"1.0\"", "version = \"1.1\"")?;
    let after = Build::of(&project).load().succeed()?;
    assert_eq!(installed(after.image()?)?, ["alpha 1.0 pybuild", "shop 1.1 pybuild"]);
    assert!(after.step("[wheels] project: unpack")?.ran(), "{}", after.transcript());
    assert!(!after.ran("[wheels] unpack: ")?, "{}", after.transcript());
    let (before, after) = (before.image()?.named_layers()?, after.image()?.named_layers()?);
    let differing: Vec<_> = before.iter().filter(|(name, layer)| after.get(*name) != Some(layer)).collect();
    assert!(matches!(differing[..], [(name, _)] if name.starts_with("project")), "{differing:#?}");
    Ok(())
}
