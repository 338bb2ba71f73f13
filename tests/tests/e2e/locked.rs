//! Projects with locked dependencies, and the texts of their locks. The addresses in the locks are known only
//! when a test runs.

use std::fmt::Write as _;

use pybuild_tests::{Image, Project, Published, Result};

/// The first lines of a build file that leaves everything to the lock.
pub(crate) const HEAD: &str = "# syntax=localhost:5000/pybuild:dev\npython.version = \"3.11\"\n";

/// A project of one module with a lock, and `tables` after [`HEAD`] in its build file.
pub(crate) fn project(lock: &str, text: &str, tables: &str) -> Result<Project> {
    Project::with(&[
        ("pybuild.toml", &format!("{HEAD}{tables}")),
        ("app.py", "print('locked')\n"),
        (lock, text),
    ])
}

/// A `pylock.toml` of these files, one a package.
pub(crate) fn pylock(files: &[&Published]) -> String {
    let mut text = "lock-version = \"1.0\"\ncreated-by = \"e2e\"\n".to_owned();
    for file in files {
        let entry = entry_of(file);
        // Writing to a string cannot fail.
        let _ = if file.is_wheel() {
            write!(text, "\n{}wheels = [\n  {{ {entry} }},\n]\n", head(file))
        } else {
            write!(text, "\n{}sdist = {{ {entry} }}\n", head(file))
        };
    }
    text
}

/// One package with several wheels.
pub(crate) fn pylock_package(files: &[&Published]) -> String {
    let Some(first) = files.first() else { return String::new() };
    let wheels: Vec<_> = files.iter().map(|file| format!("  {{ {} }},\n", entry_of(file))).collect();
    format!("\n{}wheels = [\n{}]\n", head(first), wheels.concat())
}

fn head(file: &Published) -> String {
    format!("[[packages]]\nname = \"{}\"\nversion = \"{}\"\n", file.name, file.version)
}

fn entry_of(file: &Published) -> String {
    let Published { url, size, sha256, .. } = file;
    format!("url = \"{url}\", size = {size}, hashes = {{ sha256 = \"{sha256}\" }}")
}

/// A package of a `uv.lock`, with more of its keys in `more`.
pub(crate) fn uv_package(file: &Published, more: &str) -> String {
    let Published { name, version, url, sha256, size, .. } = file;
    let entry = format!("{{ url = \"{url}\", hash = \"sha256:{sha256}\", size = {size} }}");
    let index = url.trim_end_matches(file.file.as_str());
    let files =
        if file.is_wheel() { format!("wheels = [\n    {entry},\n]") } else { format!("sdist = {entry}") };
    format!(
        "[[package]]\nname = \"{name}\"\nversion = \"{version}\"\nsource = {{ registry = \"{index}\" }}\n\
         {more}{files}\n\n"
    )
}

/// What is installed, as a Python program sees it: `NAME VERSION INSTALLER` a line.
pub(crate) fn installed(image: &Image) -> Result<Vec<String>> {
    let program = "import importlib.metadata as m\n\
        for d in m.distributions(path=['/venv/lib/python3.11/site-packages']):\n\
        \x20   print(d.name, d.version, d.read_text('INSTALLER').strip())";
    let mut lines: Vec<_> = image.prints(&["python", "-c", program])?.lines().map(str::to_owned).collect();
    lines.sort();
    Ok(lines)
}

/// The same of an image that people work in, whose `/venv` has the base image's pip besides.
pub(crate) fn installed_beside_pip(image: &Image) -> Result<Vec<String>> {
    let (pip, others): (Vec<_>, Vec<_>) =
        installed(image)?.into_iter().partition(|line| line.starts_with("pip "));
    assert_eq!(pip.len(), 1, "{pip:?}");
    Ok(others)
}
