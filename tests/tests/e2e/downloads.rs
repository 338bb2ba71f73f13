//! Servers with faults. The tests check the message for the user, the repeated requests, and that the next
//! build is right.
//!
//! The words after the name of the server are from the engine and from Go's HTTP client.

use std::thread;

use pybuild_tests::conda::NATIVE;
use pybuild_tests::project::nonce;
use pybuild_tests::{Build, CondaPackage, Failure, Fault, Index, Project, Published, Result, Wheel};

use crate::broken::shown;
use crate::conda::conda_lock;
use crate::locked::{HEAD, project, pylock};
use crate::refused::{at, failure};

/// For as long as the test lasts.
const ALWAYS: usize = usize::MAX;

const AGAIN: &str = "asked 4 times; build again later; if that changes nothing, ask who runs the server";
const LOCK: &str = "the server does not have the file, or has it no more: lock again, or correct the address";
const ASK: &str = "another file than was locked: ask who runs the server before you lock again";
const NO_FILE: &str = "the server's answer leads to no file: ask who runs the server, or lock again";

/// A project with one wheel that no test before has published; its command prints what only this wheel has.
struct Case {
    index: Index,
    wheel: Published,
    note: String,
    lock: String,
    project: Project,
}

impl Case {
    fn new() -> Result<Self> {
        let (index, note) = (Index::start()?, nonce());
        let wheel = index.wheel(&Wheel::new("alpha", "1.0").with("alpha_note.txt", note.as_bytes()));
        let lock = pylock(&[&wheel]);
        let project = project("pylock.toml", &lock, "")?;
        Ok(Self { index, wheel, note, lock, project })
    }

    /// Builds with the server as it is now, and looks at what was installed.
    fn assert_right(&self) -> Result {
        let outcome = Build::of(&self.project).load().succeed()?;
        let note = "/venv/lib/python3.11/site-packages/alpha_note.txt";
        assert_eq!(outcome.image()?.prints(&["cat", note])?, self.note);
        Ok(())
    }

    /// What the client prints while the server has `fault`, with the address of the server as `SERVER`.
    fn said(&self, fault: &Fault) -> Result<String> {
        self.index.fails(&self.wheel.file, fault, ALWAYS);
        let said = shown(&Build::of(&self.project).fail()?, &self.project)?;
        Ok(said.replace(&self.index.server(), "SERVER"))
    }

    /// A message at the place of the package in the lock.
    fn told(&self, words: &str, help: &str) -> String {
        let lock = self.lock.replace(&self.index.server(), "SERVER");
        let message = format!("`alpha 1.0` was not fetched: {words}\n  help: {help}");
        at("pylock.toml", 5, &lock) + &failure(&message)
    }
}

/// Runs tests side by side: a build waits longer and longer before it asks again.
fn all(cases: Vec<Box<dyn FnOnce() -> Result + Send>>) -> Result {
    let running: Vec<_> = cases.into_iter().map(thread::spawn).collect();
    running.into_iter().try_for_each(|case| {
        case.join().unwrap_or_else(|_| Err(Failure::Unexpected("a case failed, see above".to_owned())))
    })
}

#[test]
fn a_server_that_fails_for_good_is_told_with_the_package_the_file_and_what_to_do() -> Result {
    const FILE: &str = "alpha-1.0-py3-none-any.whl";
    let served = |status: &str| format!("SERVER answers {status} for `{FILE}`");
    let broken = |words: &str| format!("`{FILE}` from SERVER: {words}");
    let cases = [
        (Fault::Status("404 Not Found"), served("404 Not Found"), LOCK, 2),
        (Fault::Status("410 Gone"), served("410 Gone"), LOCK, 2),
        (
            Fault::Loop,
            broken("Get \"/files/alpha-1.0-py3-none-any.whl\": stopped after 10 redirects"),
            NO_FILE,
            10,
        ),
        (
            Fault::Redirect("file:///etc/passwd".to_owned()),
            broken("Get \"file:///etc/passwd\": unsupported protocol scheme \"file\""),
            NO_FILE,
            1,
        ),
        (Fault::Status("500 Internal Server Error"), served("500 Internal Server Error"), AGAIN, 8),
        (Fault::Cut, broken("unexpected EOF"), AGAIN, 4),
        (Fault::LongLength, broken("unexpected EOF"), AGAIN, 4),
    ];
    let run = |(fault, words, help, asked): (Fault, String, &'static str, usize)| {
        Box::new(move || {
            let case = Case::new()?;
            assert_eq!(case.said(&fault)?, case.told(&words, help), "{fault:?}");
            assert_eq!(case.index.asked_for(&case.wheel.file), asked, "{fault:?}");
            case.index.recovers();
            case.assert_right()
        }) as Box<dyn FnOnce() -> Result + Send>
    };
    all(cases.map(run).into())
}

#[test]
fn an_answer_that_is_another_file_is_told_with_the_package_and_poisons_nothing() -> Result {
    let cases = [Fault::Truncated, Fault::OtherBytes, Fault::ShortLength, Fault::Deflate];
    let run = |fault: Fault| {
        Box::new(move || {
            let case = Case::new()?;
            let said = case.said(&fault)?;
            let found = said.split("digest mismatch sha256:").nth(1).and_then(|rest| rest.get(..64));
            let words = format!(
                "`{}` from SERVER is not the locked file: digest mismatch sha256:{}: sha256:{}",
                case.wheel.file,
                found.unwrap_or_default(),
                case.wheel.sha256
            );
            assert_eq!(said, case.told(&words, ASK), "{fault:?}");
            case.index.recovers();
            case.assert_right()
        }) as Box<dyn FnOnce() -> Result + Send>
    };
    all(cases.map(run).into())
}

#[test]
fn what_passes_is_asked_for_again() -> Result {
    let cases = [
        (Fault::Status("503 Service Unavailable"), 1),
        (Fault::Status("429 Too Many Requests"), 2),
        (Fault::Cut, 1),
        (Fault::NoAnswer, 3),
        // A page with another status than the one for it.
        (Fault::OtherBytes, 1),
    ];
    let run = |(fault, times): (Fault, usize)| {
        Box::new(move || {
            let case = Case::new()?;
            case.index.fails(&case.wheel.file, &fault, times);
            case.assert_right()
        }) as Box<dyn FnOnce() -> Result + Send>
    };
    all(cases.map(run).into())
}

#[test]
fn a_file_that_comes_from_elsewhere_or_compressed_is_the_file() -> Result {
    let case = Case::new()?;
    case.index.fails(&case.wheel.file, &Fault::Gzip, ALWAYS);
    case.assert_right()?;
    let (case, other) = (Case::new()?, Case::new()?);
    let bytes = Wheel::new("alpha", "1.0").with("alpha_note.txt", case.note.as_bytes()).bytes();
    let elsewhere = other.index.file("elsewhere", &bytes).replace("127.0.0.1", "localhost");
    case.index.fails(&case.wheel.file, &Fault::Redirect(elsewhere), ALWAYS);
    case.assert_right()
}

/// The engine reads for as long as a server sends, and so does a Dockerfile's `ADD`: whoever waits can end
/// it.
#[test]
fn an_answer_without_an_end_ends_with_the_client_and_leaves_nothing() -> Result {
    let case = Case::new()?;
    case.index.fails(&case.wheel.file, &Fault::Endless, ALWAYS);
    let outcome = Build::of(&case.project).interrupt_when(|_| case.index.is_waited_for())?;
    assert!(outcome.errors.contains("context canceled"), "{}", outcome.transcript());
    case.index.wait_until_left()?;
    case.index.recovers();
    case.assert_right()
}

#[test]
fn a_source_archive_is_asked_for_again_and_told_by_its_name() -> Result {
    let index = Index::start()?;
    let beta = index.sdist("beta", "1.0", &nonce())?;
    let lock = pylock(&[&beta]);
    let project = project("pylock.toml", &lock, "")?;
    index.fails(&beta.file, &Fault::Status("404 Not Found"), ALWAYS);
    let said = shown(&Build::of(&project).fail()?, &project)?;
    let message = format!(
        "`beta 1.0` was not fetched: {} answers 404 Not Found for `beta-1.0.tar.gz`\n  help: {LOCK}",
        index.server()
    );
    assert_eq!(said, at("pylock.toml", 5, &lock) + &failure(&message));
    index.fails(&beta.file, &Fault::Cut, 1);
    let outcome = Build::of(&project).load().succeed()?;
    outcome.image()?.prints(&["python", "-c", "import beta"])?;
    Ok(())
}

#[test]
fn a_conda_package_is_asked_for_again_and_told_by_its_name() -> Result {
    let index = Index::start()?;
    let python = CondaPackage::native("python", "3.11.2").file("bin/python3.11", b"");
    let gamma = CondaPackage::native("gamma", "1").file("lib/gamma", nonce().as_bytes());
    let (python, gamma) = (index.conda(&python)?, index.conda(&gamma)?);
    let lock = conda_lock(&[(&python, "conda", "main"), (&gamma, "conda", "main")]);
    let project = Project::with(&[("pybuild.toml", HEAD), ("conda-lock.yml", &lock)])?;
    index.fails(&gamma.file, &Fault::Status("403 Forbidden"), ALWAYS);
    let said = Build::of(&project).fail()?.errors;
    let message = format!(
        "`gamma 1` was not fetched: {} answers 403 Forbidden for `gamma-1-h0_0.conda`\n  \
         help: the server asks who you are: `auth` in [dependencies.index] names the build secret that is sent\n  \
         help: pass the secret, or one that is still valid: `--secret id=NAME,src=FILE`",
        index.server()
    );
    assert!(said.contains(&message) && said.contains("conda-lock.yml:"), "{said}");
    assert!(gamma.file.starts_with(NATIVE));
    index.fails(&gamma.file, &Fault::Status("503 Service Unavailable"), 1);
    Build::of(&project).succeed()?;
    Ok(())
}

#[test]
fn a_file_that_requirements_include_is_asked_for_again_and_told_by_its_address() -> Result {
    let index = Index::start()?;
    let more = index.file("more.txt", format!("six==1.17.0\n# {}\n", nonce()).as_bytes());
    let listed = format!("# first\n-r {more}\n");
    let project = project("requirements.txt", &listed, "")?;
    index.fails("more.txt", &Fault::Status("404 Not Found"), ALWAYS);
    let said = shown(&Build::of(&project).fail()?, &project)?;
    let message = format!(
        "`{more}` was not fetched: {} answers 404 Not Found for `more.txt`\n  help: {LOCK}",
        index.server()
    );
    assert_eq!(said, at("requirements.txt", 2, &listed) + &failure(&message));
    index.fails("more.txt", &Fault::Status("503 Service Unavailable"), 2);
    Build::of(&project).succeed()?;
    Ok(())
}

/// A page of the simple repository API (PEP 503), and the address of the index.
fn page(index: &Index, name: &str, files: &[&Published]) -> String {
    let links =
        files.iter().map(|one| format!("<a href=\"{}#sha256={}\">{}</a>\n", one.url, one.sha256, one.file));
    let page = index.file(&format!("simple/{name}/"), links.collect::<String>().as_bytes());
    page.trim_end_matches(&format!("{name}/")).to_owned()
}

fn on_the_host(project: &Project) -> Build {
    Build::of(project).option("--network", "host").option("--allow", "network.host")
}

/// What the step that finds addresses prints while the page of the package has a fault; afterwards the build
/// is right.
fn located(fault: &Fault, expected: &str) -> Result {
    let (index, note) = (Index::start()?, nonce());
    let wheel = index.wheel(&Wheel::new("alpha", "1.0").with("alpha_note.txt", note.as_bytes()));
    let url = page(&index, "alpha", &[&wheel]);
    let lock = format!("alpha==1.0 --hash=sha256:{}\n", wheel.sha256);
    let project = project("requirements.txt", &lock, &format!("[dependencies.index]\nurl = \"{url}\"\n"))?;
    index.fails("simple/alpha/", fault, ALWAYS);
    let outcome = on_the_host(&project).fail()?;
    let words = outcome.progress.log_of(outcome.step("[resolver] resolve: ")?);
    let expected = format!("pybuild: no index has a locked file of alpha 1.0:\n    {url}: {expected}\n");
    assert!(words.contains(&expected), "{fault:?}: {words}");
    assert!(outcome.errors.contains("requirements.txt:1"), "{}", outcome.errors);
    index.recovers();
    on_the_host(&project).succeed()?;
    Ok(())
}

#[test]
fn an_index_without_a_page_is_told_and_a_page_that_is_broken_off_is_asked_for_again() -> Result {
    let later = "pybuild: build again later; if that changes nothing, ask who runs the index";
    let lock = "pybuild: lock again, or name an index that has it: [dependencies.index]";
    let json = "application/vnd.pypi.simple.v1+json";
    let cases = [
        (Fault::Status("404 Not Found"), format!("404 Not Found\n{lock}")),
        (Fault::Status("500 Internal Server Error"), format!("500 Internal Server Error\n{later}")),
        (Fault::Cut, format!("its answer ended early\n{later}")),
        (
            Fault::Page("text/html", "<html><body><h1>It works!</h1></body></html>"),
            format!("none of its 0 files has a locked hash\n{lock}"),
        ),
        (Fault::Page(json, "{\"files\": 7}"), format!("its answer is no list of files\n{lock}")),
        (Fault::Endless, format!("its answer is larger than 128 MiB\n{lock}")),
        (
            Fault::Redirect("file:///etc/passwd".to_owned()),
            format!("302 Found - Redirection to url 'file:///etc/passwd' is not allowed\n{lock}"),
        ),
    ];
    let run = |(fault, expected): (Fault, String)| {
        Box::new(move || located(&fault, &expected)) as Box<dyn FnOnce() -> Result + Send>
    };
    all(cases.map(run).into())
}

/// An answer of one index is not kept as the whole answer while the index that has the rest gives none.
#[test]
fn an_index_that_is_away_is_not_taken_for_one_that_has_nothing() -> Result {
    let (one, other) = (Index::start()?, Index::start()?);
    let sdist = one.sdist("alpha", "1.0", &nonce())?;
    let wheel = other.wheel(&Wheel::new("alpha", "1.0").with("nonce.txt", nonce().as_bytes()));
    let (first, second) = (page(&one, "alpha", &[&sdist]), page(&other, "alpha", &[&wheel]));
    let lock = format!("alpha==1.0 --hash=sha256:{} --hash=sha256:{}\n", sdist.sha256, wheel.sha256);
    let tables = format!("[dependencies.index]\nurl = \"{first}\"\nextra = [\"{second}\"]\n");
    let project = project("requirements.txt", &lock, &tables)?;
    other.fails("simple/alpha/", &Fault::Status("503 Service Unavailable"), ALWAYS);
    let outcome = on_the_host(&project).fail()?;
    let words = outcome.progress.log_of(outcome.step("[resolver] resolve: ")?);
    assert!(words.contains(&format!("{second}: 503 Service Unavailable\n")), "{words}");
    other.recovers();
    let outcome = on_the_host(&project).succeed()?;
    // The wheel was found, so nothing is built.
    assert!(outcome.progress.named("build: alpha").is_empty(), "{}", outcome.transcript());
    Ok(())
}

#[test]
fn an_index_that_fails_while_requirements_are_resolved_is_told_and_asked_again() -> Result {
    let cases = [
        (
            Fault::Status("500 Internal Server Error"),
            ALWAYS,
            Some("HTTP status server error (500 Internal Server Error)"),
        ),
        (
            Fault::Page("application/vnd.pypi.simple.v1+json", "{\"files\": 7}"),
            ALWAYS,
            Some("unexpected JSON"),
        ),
        (Fault::Status("503 Service Unavailable"), 1, None),
        (Fault::Cut, 1, None),
    ];
    let run = |(fault, times, words): (Fault, usize, Option<&'static str>)| {
        Box::new(move || {
            let index = Index::start()?;
            let name = format!("alpha{}", nonce().replace(['-', '_'], ""));
            let wheel = index.wheel(&Wheel::new(&name, "1.0"));
            let url = page(&index, &name, &[&wheel]);
            let listed = format!("--index-url {url}\n{name}\n");
            let project = project("requirements.txt", &listed, "")?;
            index.fails(&format!("simple/{name}/"), &fault, times);
            if let Some(words) = words {
                let outcome = on_the_host(&project).fail()?;
                let said = outcome.progress.log_of(outcome.step("[resolver] resolve: ")?);
                assert!(said.contains(words) && said.contains(&url), "{said}");
                assert!(outcome.errors.contains("requirements.txt:2"), "{}", outcome.errors);
                index.recovers();
            }
            on_the_host(&project).succeed()?;
            Ok(())
        }) as Box<dyn FnOnce() -> Result + Send>
    };
    all(cases.map(run).into())
}
