//! A uv workspace: an image is of one member, with the members that it needs.

use pybuild_tests::project::nonce;
use pybuild_tests::{Build, Project, Result};

use crate::locked::HEAD;

const LOCK: &str = r#"version = 1
revision = 3
requires-python = ">=3.11"

[manifest]
members = ["other", "shared", "web"]

[[package]]
name = "other"
version = "0.1.0"
source = { editable = "packages/other" }

[[package]]
name = "shared"
version = "0.1.0"
source = { editable = "packages/shared" }

[[package]]
name = "web"
version = "0.1.0"
source = { editable = "packages/web" }
dependencies = [{ name = "shared" }]

[package.metadata]
requires-dist = [{ name = "shared", editable = "packages/shared" }]
"#;

/// Three members, of which `web` needs `shared`. Each has a build backend that nothing has to be fetched for.
fn workspace() -> Result<Project> {
    let project = Project::with(&[
        ("pybuild.toml", &format!("{HEAD}app.member = \"web\"\n")),
        (
            "pyproject.toml",
            "[tool.uv.workspace]\nmembers = [\"packages/*\"]\n[tool.uv.sources]\nshared = { workspace = true }\n",
        ),
        ("uv.lock", LOCK),
    ])?;
    for (name, dependencies) in [("other", ""), ("shared", ""), ("web", "\"shared\"")] {
        let manifest = format!(
            "[project]\nname = \"{name}\"\nversion = \"0.1.0\"\nrequires-python = \">=3.11\"\n\
             dependencies = [{dependencies}]\n\n[build-system]\nrequires = []\n\
             build-backend = \"backend\"\nbackend-path = [\"build\"]\n"
        );
        let folder = format!("packages/{name}");
        project.write(&format!("{folder}/pyproject.toml"), &manifest)?;
        project.write(&format!("{folder}/{name}.py"), &format!("WHERE = __file__  # {}\n", nonce()))?;
        project.write(&format!("{folder}/build/backend.py"), &BACKEND.replace("NAME", name))?;
    }
    Ok(project)
}

/// PEP 517 and PEP 660 for one module.
pub(crate) const BACKEND: &str = r#"import base64
import hashlib
import os
import zipfile

INFO = "NAME-0.1.0.dist-info"


def _hash(text):
    digest = hashlib.sha256(text.encode()).digest()
    return "sha256=" + base64.urlsafe_b64encode(digest).decode().rstrip("=")


def _wheel(folder, files):
    name = "NAME-0.1.0-py3-none-any.whl"
    files = files | {
        f"{INFO}/METADATA": "Metadata-Version: 2.1\nName: NAME\nVersion: 0.1.0\n",
        f"{INFO}/WHEEL": "Wheel-Version: 1.0\nGenerator: e2e\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{path},{_hash(text)},{len(text)}\n" for path, text in files.items())
    record += f"{INFO}/RECORD,,\n"
    with zipfile.ZipFile(os.path.join(folder, name), "w") as archive:
        for path, text in (files | {f"{INFO}/RECORD": record}).items():
            archive.writestr(path, text)
    return name


def build_wheel(folder, settings=None, metadata=None):
    with open("NAME.py") as module:
        return _wheel(folder, {"NAME.py": module.read()})


def build_editable(folder, settings=None, metadata=None):
    return _wheel(folder, {"__editable__NAME.pth": os.getcwd() + "\n"})
"#;

const WHERE: &str = "import shared, web; print(shared.WHERE, web.WHERE)";

#[test]
fn production_has_the_wheels_of_a_member_and_of_those_it_needs() -> Result {
    let outcome = Build::of(&workspace()?).load().succeed()?;
    let image = outcome.image()?;
    let site = "/venv/lib/python3.11/site-packages";
    assert_eq!(image.prints(&["python", "-c", WHERE])?, format!("{site}/shared.py {site}/web.py"));
    assert!(!image.run(&["python", "-c", "import other"])?.status.success());
    assert!(!image.run(&["ls", "/app/packages"])?.status.success());
    Ok(())
}

#[test]
fn members_are_editable_where_people_work() -> Result {
    let project = workspace()?;
    let outcome = Build::of(&project).target("dev").load().succeed()?;
    let image = outcome.image()?;
    let folder = "/app/packages";
    let expected = format!("{folder}/shared/shared.py {folder}/web/web.py");
    assert_eq!(image.prints(&["python", "-c", WHERE])?, expected);
    // No wheel of theirs is built.
    assert_eq!(outcome.progress.named("build: shared").len(), 0, "{}", outcome.transcript());
    Ok(())
}
