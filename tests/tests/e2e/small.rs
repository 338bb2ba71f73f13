//! The smallest projects. They have no dependencies, so a test needs no time for other things.

use pybuild_tests::{Project, Result};

/// The first lines of a build file whose project installs nothing.
pub(crate) const HEAD: &str = "# syntax=localhost:5000/pybuild:dev\n\
    [python]\n\
    version = \"3.11\"\n\
    [dependencies]\n\
    requirements = []\n";

/// A project of one module, with `tables` after [`HEAD`] in its build file.
pub(crate) fn project(tables: &str) -> Result<Project> {
    Project::with(&[("pybuild.toml", &format!("{HEAD}{tables}")), ("app.py", "print('small')\n")])
}
