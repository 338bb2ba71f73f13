//! A project in a subfolder of the context. The folder of the lock is the folder of the project.

use pybuild_tests::program::pybuild;
use pybuild_tests::project::nonce;
use pybuild_tests::{Build, Image, Project, Result};

use crate::workspaces::BACKEND;

const LOCK: &str = "version = 1\nrevision = 3\nrequires-python = \">=3.11, <3.12\"\n\n\
                    [[package]]\nname = \"api\"\nversion = \"0.1.0\"\nsource = { editable = \".\" }\n";

/// `backend` is a package beside a frontend. Nothing but the lock says that the package is there.
fn project(lock: (&str, &str)) -> Result<Project> {
    let manifest = "[project]\nname = \"api\"\nversion = \"0.1.0\"\nrequires-python = \">=3.11,<3.12\"\n\n\
                    [build-system]\nrequires = []\nbuild-backend = \"backend\"\nbackend-path = [\"build\"]\n";
    Project::with(&[
        (
            "pybuild.toml",
            &format!("# syntax=localhost:5000/pybuild:dev\ndependencies.lock = \"backend/{}\"\n", lock.0),
        ),
        (&format!("backend/{}", lock.0), lock.1),
        ("backend/pyproject.toml", manifest),
        ("backend/api.py", &format!("WHERE = __file__  # {}\n", nonce())),
        ("backend/build/backend.py", &BACKEND.replace("NAME", "api")),
        ("frontend/index.html", ""),
    ])
}

fn place(image: &Image) -> Result<String> {
    image.prints(&["python", "-c", "import api, sys; print(api.WHERE, sys.version_info[:2])"])
}

#[test]
fn the_package_beside_the_lock_is_installed_with_its_python() -> Result {
    let project = project(("uv.lock", LOCK))?;
    let shipped = "/venv/lib/python3.11/site-packages/api.py (3, 11)";
    let outcome = Build::of(&project).load().succeed()?;
    assert_eq!(place(outcome.image()?)?, shipped);
    assert_eq!(outcome.progress.warnings.len(), 0, "{:?}", outcome.progress.warnings);
    let development = Build::of(&project).target("dev").load().succeed()?;
    assert_eq!(place(development.image()?)?, "/app/backend/api.py (3, 11)");

    let plan = pybuild(&project, &["plan"])?;
    assert!(plan.contains("api"), "{plan}");
    // The engine's own Dockerfile frontend: it has no other to pull.
    let text = pybuild(&project, &["eject"])?;
    project.write("Dockerfile", text.split_once('\n').map(|(_, rest)| rest).unwrap_or_default())?;
    let ejected = Build::of(&project).file("Dockerfile").load().succeed()?;
    assert_eq!(place(ejected.image()?)?, shipped);
    Ok(())
}

#[test]
fn a_lock_that_does_not_name_the_project_says_where_it_is_all_the_same() -> Result {
    let project = project(("pylock.toml", "lock-version = \"1.0\"\ncreated-by = \"e2e\"\npackages = []\n"))?;
    let outcome = Build::of(&project).load().succeed()?;
    assert_eq!(place(outcome.image()?)?, "/venv/lib/python3.11/site-packages/api.py (3, 11)");
    Ok(())
}
