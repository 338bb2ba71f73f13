//! Entries of requirements files that are not packages of an index: folders, archives, addresses, links.

use pybuild_tests::project::nonce;
use pybuild_tests::{Build, Index, Project, Result, Wheel};

use crate::locked::HEAD;

const MANIFEST: &str = "[project]\nname = \"lib\"\nversion = \"1.5\"\ndependencies = [\"alpha\"]\n\
                        [build-system]\nrequires = []\nbuild-backend = \"backend\"\nbackend-path = [\".\"]\n";

/// A backend that needs nothing from an index.
const BACKEND: &str = "import base64, zipfile\n\
    def build_wheel(folder, config_settings=None, metadata_directory=None):\n\
    \x20   name = 'lib-1.5-py3-none-any.whl'\n\
    \x20   with zipfile.ZipFile(f'{folder}/{name}', 'w') as out:\n\
    \x20       out.write('lib.py')\n\
    \x20       out.writestr('lib-1.5.dist-info/METADATA', 'Metadata-Version: 2.1\\nName: lib\\nVersion: 1.5\\nRequires-Dist: alpha\\n')\n\
    \x20       out.writestr('lib-1.5.dist-info/WHEEL', 'Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n')\n\
    \x20       out.writestr('lib-1.5.dist-info/RECORD', '')\n\
    \x20   return name\n";

const ASKS: [&str; 3] = [
    "python",
    "-c",
    "import importlib.metadata as m; print(*sorted((d.name, d.version) for d in m.distributions() \
     if d.name in ('lib', 'alpha', 'beta')))",
];

fn project(requirements: &str) -> Result<Project> {
    let project = Project::with(&[
        ("pybuild.toml", HEAD),
        ("backend/requirements.txt", requirements),
        ("libs/lib/pyproject.toml", MANIFEST),
        ("libs/lib/backend.py", BACKEND),
        ("libs/lib/lib.py", &format!("NONCE = '{}'\n", nonce())),
    ])?;
    let alpha = Wheel::new("alpha", "1.0").with("nonce.txt", nonce().as_bytes());
    let beta = Wheel::new("beta", "2.0").with("nonce.txt", nonce().as_bytes());
    project.write_bytes(&format!("wheels/{}", alpha.file()), &alpha.bytes())?;
    project.write_bytes(&format!("wheels/{}", beta.file()), &beta.bytes())?;
    project.link("requirements.txt", "backend/requirements.txt")?;
    Ok(project)
}

/// What the image has, as `pip install -r requirements.txt` in the same folder installs it (pip 26.3).
fn assert_installs(project: &Project, expected: &str) -> Result {
    let built = Build::of(project).target("production").load().succeed()?;
    assert_eq!(built.image()?.prints(&ASKS)?, expected, "{}", built.transcript());
    Ok(())
}

#[test]
fn folders_archives_and_folders_of_links_are_installed() -> Result {
    let all = "('alpha', '1.0') ('beta', '2.0') ('lib', '1.5')";
    assert_installs(
        &project("--no-index\n--find-links wheels\n./libs/lib\n./wheels/beta-2.0-py3-none-any.whl\n")?,
        all,
    )?;
    // Named, and in a folder of which the resolver has to see everything.
    let dynamic = project("--no-index\n-f wheels\nlib @ file:./libs/lib\nbeta\n")?;
    dynamic.replace("libs/lib/pyproject.toml", "version = \"1.5\"", "dynamic = [\"version\"]")?;
    assert_installs(&dynamic, all)
}

#[test]
fn code_of_a_folder_changes_without_resolving_again() -> Result {
    let project = project("--no-index\n--find-links wheels\n-e ./libs/lib\n")?;
    Build::of(&project).target("production").succeed()?;
    project.append("libs/lib/lib.py", "MORE = 1\n")?;
    let again = Build::of(&project).target("production").load().succeed()?;
    assert!(again.step("[resolver] resolve: requirements.txt")?.cached, "{}", again.transcript());
    let shown = again.image()?.prints(&["python", "-c", "import lib; print(lib.MORE)"])?;
    assert_eq!(shown, "1");
    Ok(())
}

#[test]
fn pip_installs_folders_and_archives_too() -> Result {
    let project = project("--no-index\n--find-links wheels\n-e ./libs/lib\nbeta\n")?;
    project.append("pybuild.toml", "dependencies.installer = \"pip\"\n")?;
    assert_installs(&project, "('alpha', '1.0') ('beta', '2.0') ('lib', '1.5')")
}

#[test]
fn constraints_at_an_address_hold() -> Result {
    let index = Index::start()?;
    let url = index.file("constraints.txt", b"# of a release\nalpha<2\n");
    let project = project(&format!("-c {url}\n--no-index\n--find-links wheels\nalpha\n"))?;
    let newer = Wheel::new("alpha", "3.0").with("nonce.txt", nonce().as_bytes());
    project.write_bytes(&format!("wheels/{}", newer.file()), &newer.bytes())?;
    assert_installs(&project, "('alpha', '1.0')")?;
    // The engine asks in each build whether the file is still the same.
    index.file("constraints.txt", b"alpha>1\n");
    assert_installs(&project, "('alpha', '3.0')")?;
    let hashed = format!("alpha==1.0 --hash=sha256:{}\n", "0".repeat(64));
    index.file("constraints.txt", hashed.as_bytes());
    let failed = Build::of(&project).target("production").fail()?;
    let said = "an included file at an address has hashes, which must be known before the build";
    assert!(failed.transcript().contains(said), "{}", failed.transcript());
    Ok(())
}

#[test]
fn included_links_are_copied_as_what_they_lead_to() -> Result {
    let project = project("six==1.17.0\n")?;
    project.write("conf/settings.py", "NAME = 'settings'\n")?;
    project.write("web/static/site.css", "body {}\n")?;
    project.append("pybuild.toml", "app.include = [\"settings.py\", \"static\", \"libs\"]\n")?;
    project.link("settings.py", "conf/settings.py")?;
    project.link("static", "web/static")?;
    project.link("libs/kept.py", "lib/lib.py")?;
    let built = Build::of(&project).target("production").load().succeed()?;
    // As of a Dockerfile with `COPY settings.py ./`, `COPY static ./static` and `COPY libs ./libs`.
    let script = "cd /app; for f in settings.py static/site.css libs/kept.py conf web; do \
                  if [ -L $f ]; then echo link; elif [ -e $f ]; then echo file; else echo none; fi; done | xargs echo";
    assert_eq!(built.image()?.prints(&["sh", "-c", script])?, "file file link none none");
    Ok(())
}
