//! The possible contexts of a project, and the smallest possible project.

use pybuild_tests::git::Repository;
use pybuild_tests::project::nonce;
use pybuild_tests::{Build, Container, Index, Project, Result};

use crate::small;

#[test]
fn a_git_url_is_built() -> Result {
    let text = nonce();
    let project = small::project("")?;
    project.write("app.py", &format!("print('{text}')\n"))?;
    let repository = Repository::of(&project)?;
    // The build runs in a folder that has nothing of the project.
    let elsewhere = Project::with(&[])?;

    let outcome = Build::of(&elsewhere).context(&repository.url()).load().succeed()?;
    let image = outcome.image()?;
    assert_eq!(image.prints(&["python", "app.py"])?, text);
    assert!(!image.files()?.iter().any(|path| path.starts_with("app/.git")), "the history is in the image");
    Ok(())
}

#[test]
fn a_folder_of_a_repository_is_built_however_its_url_says_so() -> Result {
    let text = nonce();
    let repository = Repository::of(&{
        let whole = Project::with(&[("app.py", "print('not this one')\n")])?;
        let small = small::project("")?;
        whole.write("services/web/pybuild.toml", &small.read("pybuild.toml")?)?;
        whole.write("services/web/app.py", &format!("print('{text}')\n"))?;
        whole
    })?;
    let elsewhere = Project::with(&[])?;
    let remote = repository.remote();
    let commit = repository.commit();
    for url in [
        format!("{remote}#main:services/web"),
        format!("{remote}?branch=main&subdir=services/web"),
        format!("{remote}?ref=main&subdir=services/web&checksum={commit}"),
        format!("{remote}?subdir=services/web#{commit}"),
    ] {
        let outcome = Build::of(&elsewhere).context(&url).load().succeed()?;
        assert_eq!(outcome.image()?.prints(&["python", "app.py"])?, text, "{url}");
    }

    let other = "0123456789012345678901234567890123456789";
    let url = format!("{remote}?ref=main&subdir=services/web&checksum={other}");
    let outcome = Build::of(&elsewhere).context(&url).fail()?;
    let says = format!("expected checksum to match {other}, got {commit}");
    assert!(outcome.errors.contains(&says), "{}", outcome.errors);
    Ok(())
}

#[test]
fn a_tar_from_a_url_is_built() -> Result {
    let text = nonce();
    let project = small::project("")?;
    project.write("app.py", &format!("print('{text}')\n"))?;
    let archive = std::fs::read(project.tar()?.path()).expect("the archive");
    let index = Index::start()?;
    let elsewhere = Project::with(&[])?;

    let url = index.file("project.tar", &archive);
    let outcome = Build::of(&elsewhere).context(&url).load().succeed()?;
    assert_eq!(outcome.image()?.prints(&["python", "app.py"])?, text);
    Ok(())
}

#[test]
fn a_url_may_lead_to_the_build_file_alone() -> Result {
    let text = nonce();
    let project = small::project(&format!("[stage.alone]\nfrom = \"scratch\"\nlabels.text = \"{text}\"\n"))?;
    let index = Index::start()?;
    let url = index.file("anything", project.read("pybuild.toml")?.as_bytes());
    let elsewhere = Project::with(&[])?;

    let outcome = Build::of(&elsewhere).context(&url).target("alone").load().succeed()?;
    assert_eq!(outcome.image()?.config()?["Labels"]["text"], text);
    Ok(())
}

#[test]
fn the_build_file_may_be_outside_of_the_context() -> Result {
    let project = small::project("")?;
    let elsewhere = small::project("")?;
    project.remove("pybuild.toml")?;
    project.write("app.py", "print('the context')\n")?;
    let outside = elsewhere.path().join("pybuild.toml").display().to_string();

    let outcome = Build::of(&project).file(&outside).load().succeed()?;
    assert_eq!(outcome.image()?.prints(&["python", "app.py"])?, "the context");
    Ok(())
}

#[test]
fn a_tar_on_standard_input_is_built() -> Result {
    let text = nonce();
    let project = small::project("")?;
    project.write("app.py", &format!("print('{text}')\n"))?;
    let archive = project.tar()?;
    let elsewhere = Project::with(&[])?;

    let outcome = Build::of(&elsewhere).context("-").stdin(archive.path()).load().succeed()?;
    assert_eq!(outcome.image()?.prints(&["python", "app.py"])?, text);
    Ok(())
}

#[test]
fn the_build_file_may_come_from_standard_input() -> Result {
    let text = nonce();
    let project = small::project("")?;
    project.write("app.py", &format!("print('{text}')\n"))?;
    let elsewhere = small::project("")?;

    let file = elsewhere.path().join("pybuild.toml");
    project.remove("pybuild.toml")?;
    let outcome = Build::of(&project).file("-").stdin(&file).load().succeed()?;
    assert_eq!(outcome.image()?.prints(&["python", "app.py"])?, text);
    Ok(())
}

#[test]
fn the_build_file_may_be_in_a_folder_of_its_own() -> Result {
    let project = small::project("")?;
    let text = project.read("pybuild.toml")?;
    project.write("deploy/web.toml", &text)?;
    project.remove("pybuild.toml")?;

    let outcome = Build::of(&project).file("deploy/web.toml").load().succeed()?;
    assert_eq!(outcome.image()?.prints(&["python", "app.py"])?, "small");
    Ok(())
}

#[test]
fn an_empty_file_builds_an_ordinary_project() -> Result {
    let project = Project::fixture("empty")?;

    let outcome = Build::of(&project).load().succeed()?;
    let image = outcome.image()?;
    assert_eq!(image.prints(&["id", "-u"])?, "10001");
    assert_eq!(image.prints(&["python", "-c", "import app; print(app.app.name)"])?, "app");
    assert!(image.prints(&["python", "--version"])?.starts_with("Python 3.11."), ".python-version counts");
    let files = image.files()?;
    // Built-in ignore rules: the project has no .dockerignore.
    assert!(
        !files.contains("app/.env") && !files.iter().any(|path| path.starts_with("app/.git")),
        "{files:?}"
    );

    let dev = Build::of(&project).target("dev").load().succeed()?;
    assert!(dev.image()?.prints(&["python", "-m", "pytest", "--version"])?.starts_with("pytest "));
    Ok(())
}

#[test]
fn a_dockerignore_file_is_heeded() -> Result {
    let project = small::project("")?;
    project.write(".dockerignore", "secret/\n*.log\n!keep.log\n")?;
    project.write("secret/key", "x")?;
    project.write("drop.log", "x")?;
    project.write("keep.log", "x")?;

    let outcome = Build::of(&project).load().succeed()?;
    let files = outcome.image()?.files()?;
    assert!(files.contains("app/keep.log"), "{files:?}");
    assert!(!files.contains("app/drop.log") && !files.contains("app/secret/key"), "{files:?}");
    Ok(())
}

#[test]
fn production_of_the_smallest_server_answers() -> Result {
    let command =
        "[stage.production]\ncommand = [\"python\", \"-m\", \"http.server\", \"8000\"]\nexpose = [8000]\n";
    let outcome = Build::of(&small::project(command)?).load().succeed()?;

    let container = Container::start(outcome.image()?, 8000)?;
    let answer = container.get(8000, "/app.py")?;
    assert_eq!((answer.status, answer.body.as_str()), (200, "print('small')\n"));
    Ok(())
}

#[test]
fn a_build_file_of_another_editor_is_read() -> Result {
    let project = small::project("[stage.alone]\nfrom = \"scratch\"\nlabels.text = \"as it is\"\n")?;
    // A byte order mark, an interpreter's line, and line ends of Windows.
    let text = project.read("pybuild.toml")?.replace('\n', "\r\n");
    project.write("pybuild.toml", &format!("\u{feff}#!/usr/bin/env pybuild\r\n{text}"))?;
    let outcome = Build::of(&project).target("alone").load().succeed()?;
    assert_eq!(outcome.image()?.config()?["Labels"]["text"], "as it is");
    Ok(())
}

#[test]
fn a_build_file_that_is_no_text_is_shown_at_its_line() -> Result {
    let project = small::project("")?;
    let mut bytes = project.read("pybuild.toml")?.into_bytes();
    bytes.extend_from_slice(b"# \xff\n");
    std::fs::write(project.path().join("pybuild.toml"), bytes).expect("a writable project");
    let outcome = Build::of(&project).fail()?;
    assert!(outcome.errors.starts_with("pybuild.toml:6\n"), "{}", outcome.errors);
    assert!(outcome.errors.contains("the file is not UTF-8 text"), "{}", outcome.errors);
    Ok(())
}

#[test]
fn a_build_file_of_many_megabytes_is_refused() -> Result {
    let project = small::project("")?;
    let text = project.read("pybuild.toml")? + &"# nothing\n".repeat(2 << 20);
    project.write("pybuild.toml", &text)?;
    let outcome = Build::of(&project).fail()?;
    assert!(outcome.errors.starts_with("pybuild.toml:1\n"), "{}", outcome.errors);
    assert!(outcome.errors.contains("the build file is larger than 1 MiB"), "{}", outcome.errors);
    Ok(())
}
