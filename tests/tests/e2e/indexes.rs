//! Locks without addresses: the index that has the locked file is found.
//!
//! The indexes are on the loopback interface of the machine. A step reaches them with the network of the
//! host.

use pybuild_tests::project::nonce;
use pybuild_tests::{Build, Index, Project, Published, Result, Wheel};

use crate::locked::{installed, project};

/// Puts a page of the simple repository API (PEP 503) there, and gives the index's address.
fn page(index: &Index, name: &str, files: &[&Published]) -> String {
    let links = files
        .iter()
        .map(|file| format!("<a href=\"{}#sha256={}\">{}</a>\n", file.url, file.sha256, file.file));
    let page = index.file(&format!("simple/{name}/"), links.collect::<String>().as_bytes());
    page.trim_end_matches(&format!("{name}/")).to_owned()
}

fn on_the_host(project: &Project) -> Build {
    Build::of(project).option("--network", "host").option("--allow", "network.host")
}

fn wheel(name: &str, version: &str, note: &str) -> Wheel {
    Wheel::new(name, version).with(&format!("{name}_note.txt"), note.as_bytes())
}

#[test]
fn a_locked_file_is_taken_from_the_index_that_has_it() -> Result {
    let (one, other) = (Index::start()?, Index::start()?);
    // Both have the version, each with a file of its own; and another version is only there to be newer.
    let wrong = one.wheel(&wheel("alpha", "1.0", "another file"));
    let right = other.wheel(&wheel("alpha", "1.0", "the locked file"));
    let newer = one.wheel(&wheel("alpha", "2.0", "newer"));
    let beta = one.wheel(&wheel("beta", "1.0", "beta"));
    let first = page(&one, "alpha", &[&wrong, &newer]);
    page(&one, "beta", &[&beta]);
    let second = page(&other, "alpha", &[&right]);
    let lock =
        format!("alpha==1.0 --hash=sha256:{}\nbeta==1.0 --hash=sha256:{}\n", right.sha256, beta.sha256);
    for (url, extra) in [(&first, &second), (&second, &first)] {
        let tables = format!("[dependencies.index]\nurl = \"{url}\"\nextra = [\"{extra}\"]\n");
        let project = project("requirements.txt", &lock, &tables)?;
        let outcome = on_the_host(&project).load().succeed()?;
        assert_eq!(installed(outcome.image()?)?, ["alpha 1.0 pybuild", "beta 1.0 pybuild"]);
        let note = "/venv/lib/python3.11/site-packages/alpha_note.txt";
        assert_eq!(outcome.image()?.prints(&["cat", note])?, "the locked file");
    }
    Ok(())
}

#[test]
fn the_source_that_a_poetry_lock_names_has_the_package() -> Result {
    let (usual, corp) = (Index::start()?, Index::start()?);
    let alpha = usual.wheel(&wheel("alpha", "1.0", "alpha"));
    let beta = corp.wheel(&wheel("beta", "1.0", "beta"));
    let (usual_url, corp_url) = (page(&usual, "alpha", &[&alpha]), page(&corp, "beta", &[&beta]));
    let package = |file: &Published, source: &str| {
        format!(
            "[[package]]\nname = \"{}\"\nversion = \"1.0\"\noptional = false\npython-versions = \"*\"\n\
             groups = [\"main\"]\nfiles = [{{ file = \"{}\", hash = \"sha256:{}\" }}]\n{source}\n",
            file.name, file.file, file.sha256
        )
    };
    let source = format!("[package.source]\ntype = \"legacy\"\nurl = \"{corp_url}\"\nreference = \"corp\"\n");
    let lock = package(&alpha, "")
        + &package(&beta, &source)
        + "[metadata]\nlock-version = \"2.1\"\npython-versions = \">=3.11\"\n";
    let project = project("poetry.lock", &lock, &format!("[dependencies.index]\nurl = \"{usual_url}\"\n"))?;
    let outcome = on_the_host(&project).load().succeed()?;
    assert_eq!(installed(outcome.image()?)?, ["alpha 1.0 pybuild", "beta 1.0 pybuild"]);
    Ok(())
}

#[test]
fn a_locked_file_that_no_index_has_is_told_with_what_each_index_answers() -> Result {
    let (one, other) = (Index::start()?, Index::start()?);
    let wrong = one.wheel(&wheel("alpha", "1.0", "another file"));
    let first = page(&one, "alpha", &[&wrong]);
    let second = other.file("simple/", b"").trim_end_matches('/').to_owned();
    let lock = format!("# locked\nalpha==1.0 --hash=sha256:{}\n", "1".repeat(64));
    let tables = format!("[dependencies.index]\nurl = \"{first}\"\nextra = [\"{second}\"]\n");
    let project = project("requirements.txt", &lock, &tables)?;
    let outcome = on_the_host(&project).fail()?;
    let words = outcome.progress.log_of(outcome.step("[resolver] resolve: ")?);
    let expected = format!(
        "pybuild: no index has a locked file of alpha 1.0:\n    \
         {first}: none of its 1 files has a locked hash\n    {second}: 404 Not Found\n"
    );
    assert!(words.contains(&expected), "{words}");
    assert!(outcome.transcript().contains("requirements.txt:2"), "{}", outcome.transcript());
    Ok(())
}

#[test]
fn a_folder_with_files_is_an_index() -> Result {
    let index = Index::start()?;
    let alpha = wheel("alpha", "1.0", "alpha");
    let published = index.wheel(&alpha);
    let lock = format!("--no-index\n--find-links ./wheels\nalpha==1.0 --hash=sha256:{}\n", published.sha256);
    let project = project("requirements.txt", &lock, "")?;
    project.write_bytes(&format!("wheels/{}", alpha.file()), &alpha.bytes())?;
    let outcome = Build::of(&project).load().succeed()?;
    assert_eq!(installed(outcome.image()?)?, ["alpha 1.0 pybuild"]);
    Ok(())
}

/// pip 26.3 with such a file: `Ignored the following versions that require a different python version: 1.0
/// Requires-Python >=3.8,!=3.11.*`, and no image.
#[test]
fn a_locked_file_for_another_python_is_refused_as_pip_refuses_it() -> Result {
    let index = Index::start()?;
    let alpha = index.wheel(&wheel("alpha", "1.0", "for another Python"));
    let lock = format!("# locked\nalpha==1.0 --hash=sha256:{}\n", alpha.sha256);
    let html = |python: &str| {
        let python = python.replace('>', "&gt;");
        let Published { url, sha256, file, .. } = &alpha;
        format!("<a href=\"{url}#sha256={sha256}\" data-requires-python=\"{python}\">{file}</a>\n")
    };
    let with_page = |page: &str| {
        let page = index.file(&format!("{}/alpha/", nonce()), page.as_bytes());
        let url = page.trim_end_matches("/alpha/");
        let tables = format!("[dependencies.index]\nurl = \"{url}\"\n");
        project("requirements.txt", &lock, &tables)
    };
    let other = on_the_host(&with_page(&html(">=3.8,!=3.11.*"))?).fail()?;
    let said = "the index says that the locked files of `alpha 1.0` are for Python >=3.8,!=3.11.*, which is not the image's";
    assert!(other.transcript().contains(said), "{}", other.transcript());
    assert!(other.transcript().contains("requirements.txt:2"), "{}", other.transcript());
    let same = on_the_host(&with_page(&html(">=3.8,!=3.10.*"))?).load().succeed()?;
    assert_eq!(installed(same.image()?)?, ["alpha 1.0 pybuild"]);
    Ok(())
}
