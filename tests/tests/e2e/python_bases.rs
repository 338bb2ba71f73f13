//! The project's Python in a custom base: a stage, a target of a Dockerfile, and apt repositories.

use pybuild_tests::project::{nonce, temporary_folder};
use pybuild_tests::{Build, Failure, Index, Outcome, Project, Result, Wheel};

use crate::locked::{HEAD, installed, pylock};
use crate::small;

/// A stage whose Python is where that of AWS Lambda's images is: in a folder that is on the `PATH` alone.
const LANG: &str = r#"base = "lang"
[stage.lang]
from = "python:3.11-slim"
run = """
set -e
found=$(readlink -f "$(command -v python3)")
home=$(dirname "$(dirname "$found")")
mkdir -p /var/lang/bin /var/lang/lib
cp "$found" /var/lang/bin/python3.11
ln -s python3.11 /var/lang/bin/python3
cp -a "$home"/lib/python3* /var/lang/lib/
rm -f /usr/local/bin/python* /usr/bin/python3*
"""
env.PATH = "/var/lang/bin:${PATH}"
env.COMPANY = "yes"
"#;

fn transcript_has(outcome: &Outcome, text: &str) {
    let transcript = format!("{}\n{}", outcome.transcript(), outcome.errors);
    assert!(transcript.contains(text), "{text} is not in:\n{transcript}");
}

#[test]
fn a_stage_is_the_base_and_its_path_leads_to_python() -> Result {
    let index = Index::start()?;
    let lock = pylock(&[&index.wheel(&Wheel::new("alpha", "1.0"))]);
    let project = Project::with(&[
        (
            "pybuild.toml",
            &format!("{}[python]\nversion = \"3.11\"\n{LANG}", "# syntax=localhost:5000/pybuild:dev\n"),
        ),
        ("app.py", "print('locked')\n"),
        ("pylock.toml", &lock),
    ])?;

    let outcome = Build::of(&project).load().succeed()?;
    let image = outcome.image()?;
    assert_eq!(image.prints(&["python", "-c", "import sys, alpha; print(sys.base_prefix)"])?, "/var/lang");
    assert_eq!(image.env("COMPANY")?.as_deref(), Some("yes"));
    assert_eq!(installed(image)?, ["alpha 1.0 pybuild"]);
    let compiled = "venv/lib/python3.11/site-packages/__pycache__/alpha.cpython-311.pyc";
    assert!(image.files()?.contains(compiled));
    // `dev` is made on it as well.
    let outcome = Build::of(&project).target("dev").load().succeed()?;
    let image = outcome.image()?;
    assert_eq!(image.prints(&["python", "-c", "import sys, alpha; print(sys.base_prefix)"])?, "/var/lang");
    Ok(())
}

#[test]
fn what_is_not_locked_is_resolved_in_the_stage() -> Result {
    let file = format!(
        "{HEAD}python.base = \"own\"\n[stage.own]\nfrom = \"python:3.11-slim\"\nrun = \"echo {} > /own\"\n",
        nonce()
    );
    let project =
        Project::with(&[("pybuild.toml", &file), ("requirements.txt", "six==1.17.0\n"), ("app.py", "")])?;

    let outcome = Build::of(&project).load().succeed()?;
    assert_eq!(outcome.image()?.prints(&["python", "-c", "import six; print(six.__version__)"])?, "1.17.0");
    Ok(())
}

#[test]
fn a_target_of_a_dockerfile_is_the_base() -> Result {
    let index = Index::start()?;
    let lock = pylock(&[&index.wheel(&Wheel::new("alpha", "1.0"))]);
    let tables = "python.base = { dockerfile = \"docker/Dockerfile\", target = \"company\" }\n";
    let project = Project::with(&[
        ("pybuild.toml", &format!("{HEAD}{tables}")),
        (
            "docker/Dockerfile",
            "FROM python:3.11-slim AS company\nENV COMPANY=yes\nRUN echo ours > /etc/company\nFROM scratch\n",
        ),
        ("app.py", ""),
        ("pylock.toml", &lock),
    ])?;

    for target in ["production", "dev"] {
        let outcome = Build::of(&project).target(target).load().succeed()?;
        let image = outcome.image()?;
        assert_eq!(image.env("COMPANY")?.as_deref(), Some("yes"), "{target}");
        assert_eq!(image.prints(&["cat", "/etc/company"])?, "ours");
        assert_eq!(image.prints(&["python", "-c", "import alpha; print(alpha.VERSION)"])?, "1.0");
    }
    Ok(())
}

#[test]
fn a_base_without_python_is_told_where_the_file_names_it() -> Result {
    let index = Index::start()?;
    let lock = pylock(&[&index.wheel(&Wheel::new("alpha", "1.0"))]);
    let project = Project::with(&[
        (
            "pybuild.toml",
            "# syntax=localhost:5000/pybuild:dev\n[python]\nversion = \"3.11\"\nbase = \"debian:bookworm-slim\"\n",
        ),
        ("app.py", ""),
        ("pylock.toml", &lock),
    ])?;

    let outcome = Build::of(&project).fail()?;
    transcript_has(&outcome, ">>> base = \"debian:bookworm-slim\"");
    transcript_has(&outcome, "the base image has no Python 3.11 that an environment can be made of");
    Ok(())
}

#[test]
fn stages_that_are_each_others_base_are_a_circle() -> Result {
    let file = "python.base = \"own\"\n[stage.own]\nfrom = \"production\"\n";
    let project = Project::with(&[("pybuild.toml", &format!("{HEAD}{file}")), ("app.py", "")])?;

    let outcome = Build::of(&project).fail()?;
    transcript_has(&outcome, "stages depend on one another in a circle");
    Ok(())
}

/// Makes a repository of apt with one package, signed with a new key: `InRelease`, `Packages`, the package
/// and the key.
const REPOSITORY: &str = r#"[stage.repository]
from = "python:3.11-slim"
packages = ["gnupg", "dpkg-dev", "apt-utils"]
run = """
set -e
mkdir -p /made/ours/DEBIAN /made/ours/opt /repository && cd /made
printf 'Package: ours\nVersion: 1.0\nArchitecture: all\nMaintainer: Test <test@mail.example>\nDescription: ours\n' > ours/DEBIAN/control
echo NONCE > ours/opt/ours
dpkg-deb --build -Znone --root-owner-group ours /repository/ours.deb
cd /repository
dpkg-scanpackages . > Packages
apt-ftparchive release . > /made/Release
export GNUPGHOME=/made/keys && mkdir -m 700 /made/keys
gpg --batch --passphrase '' --quick-generate-key test@mail.example rsa2048 sign never
gpg --batch --clearsign -o InRelease /made/Release
gpg --batch --armor --export > key
"""
[stage.exported]
from = "scratch"
copy = [{ from = "repository", path = "/repository", to = "/" }]
"#;

/// A repository on the index, whose package has `word` in `/opt/ours`: its address, the address of the key, and the key's
/// SHA-256.
fn repository(index: &Index, word: &str) -> Result<(String, String, String)> {
    let folder = temporary_folder()?;
    let output = format!("type=local,dest={}", folder.path().display());
    let made = small::project(&REPOSITORY.replace("NONCE", word))?;
    Build::of(&made).target("exported").output(&output).succeed()?;
    let mut found = None;
    for (name, path) in Project::files(folder.path())? {
        let bytes = std::fs::read(path).unwrap_or_default();
        let file = index.file(&format!("{word}/{name}"), &bytes);
        // apt asks for what the suite `./` has below `/./`.
        index.file(&format!("{word}/./{name}"), &bytes);
        if name == "key" {
            found =
                Some((file.trim_end_matches("key").to_owned(), file, pybuild_tests::index::sha256(&bytes)));
        }
    }
    found.ok_or_else(|| Failure::io("the key of the repository")(std::io::ErrorKind::NotFound.into()))
}

/// The tables that install the repository's package.
fn with_repository(address: &str, key: &str, checksum: &str) -> String {
    format!(
        "[system]\nruntime = [\"ours\"]\n[[system.repositories]]\nurl = \"{address}\"\nsuites = [\"./\"]\nkey = \"{key}\"\nchecksum = \"sha256:{checksum}\"\n",
    )
}

#[test]
fn a_repository_is_added_with_its_key_before_packages_are_installed() -> Result {
    let index = Index::start()?;
    let word = nonce();
    let (address, key, checksum) = repository(&index, &word)?;
    let project = small::project(&with_repository(&address, &key, &checksum))?;
    // The repository is on the machine's loopback interface, which a step reaches on the network of the host.
    let build =
        |project| Build::of(project).option("--network", "host").option("--allow", "network.host").load();
    let outcome = build(&project).succeed()?;
    assert_eq!(outcome.image()?.prints(&["cat", "/opt/ours"])?, word);
    let signed = outcome.image()?.prints(&["cat", "/etc/apt/sources.list.d/pybuild-1.sources"])?;
    assert!(signed.ends_with("Signed-By: /etc/apt/keyrings/pybuild-1.asc"), "{signed}");

    // Another repository's package of the same name, version and size is another package, although apt would take the one in
    // its cache for it.
    let other_word: String = word.chars().rev().collect();
    let (address, key, checksum) = repository(&index, &other_word)?;
    let other = build(&small::project(&with_repository(&address, &key, &checksum))?).succeed()?;
    assert_eq!(other.image()?.prints(&["cat", "/opt/ours"])?, other_word);

    // Another key is not taken.
    let wrong = with_repository(&address, &key, &checksum.replace(['a', '1'], "0"));
    transcript_has(&Build::of(&small::project(&wrong)?).fail()?, "digest mismatch");
    Ok(())
}
