//! Several platforms in one build.

use pybuild_tests::oci::Layout;
use pybuild_tests::project::{nonce, temporary_folder};
use pybuild_tests::{Build, Container, Engine, Index, Project, Result, Wheel};
use serde_json::json;

use crate::locked::{project, pylock, pylock_package};
use crate::small;

const FILES_ALONE: &str = "[stage.assets]\n\
    from = \"scratch\"\n\
    include = [\"app.py\"]\n\
    labels.platform = \"${TARGETARCH}\"\n";

#[test]
fn two_platforms_give_an_index() -> Result {
    if !Engine::get()?.has_containerd_store() {
        return Ok(()); // The classic store holds one platform a tag, and exports no OCI layout.
    }
    let project = small::project(FILES_ALONE)?;
    let folder = temporary_folder()?;
    let output = format!("type=oci,tar=false,dest={}", folder.path().display());

    let platforms = "linux/amd64,linux/arm64";
    let outcome = Build::of(&project).target("assets").platforms(platforms).output(&output).succeed()?;
    let layout = Layout::new(folder.path());
    let images = layout.images()?;
    assert_eq!(images.keys().collect::<Vec<_>>(), ["linux/amd64", "linux/arm64"]);
    for (platform, manifest) in &images {
        let config = layout.config(manifest)?;
        let architecture = config["architecture"].as_str().unwrap_or_default();
        assert_eq!(format!("linux/{architecture}"), *platform);
        assert_eq!(config["config"]["Labels"]["platform"], architecture);
    }
    // Steps of several platforms are told apart in the progress; those that are the same are one.
    assert!(!outcome.progress.named("[linux/a").is_empty(), "{}", outcome.transcript());
    Ok(())
}

#[test]
fn annotations_are_written_at_every_level() -> Result {
    if !Engine::get()?.has_containerd_store() {
        return Ok(()); // The classic store holds one platform a tag, and exports no OCI layout.
    }
    let project = small::project(FILES_ALONE)?;
    let folder = temporary_folder()?;
    let output = format!("type=oci,tar=false,dest={}", folder.path().display());
    let build = Build::of(&project).target("assets").platforms("linux/amd64,linux/arm64");
    let levels = ["manifest", "manifest[linux/arm64]", "manifest-descriptor", "index", "index-descriptor"];
    let build = levels.iter().zip(1..).fold(build, |build, (level, number)| {
        build.option("--annotation", &format!("{level}:example.n{number}={level}"))
    });
    build.output(&output).succeed()?;

    let layout = Layout::new(folder.path());
    let (descriptor, index) = layout.index()?;
    assert_eq!(descriptor["annotations"]["example.n5"], "index-descriptor");
    assert_eq!(index["annotations"], json!({ "example.n4": "index" }));
    let images = index["manifests"].as_array().cloned().unwrap_or_default();
    let images: Vec<_> = images.iter().filter(|one| one["platform"]["os"] == "linux").collect();
    assert_eq!(images.len(), 2, "{index}");
    for image in images {
        assert_eq!(image["annotations"], json!({ "example.n3": "manifest-descriptor" }));
    }
    let manifests = layout.images()?;
    assert_eq!(manifests["linux/amd64"]["annotations"], json!({ "example.n1": "manifest" }));
    let both = json!({ "example.n1": "manifest", "example.n2": "manifest[linux/arm64]" });
    assert_eq!(manifests["linux/arm64"]["annotations"], both);
    Ok(())
}

#[test]
fn one_platform_gives_an_image() -> Result {
    let project = small::project(FILES_ALONE)?;

    let outcome = Build::of(&project).target("assets").platforms("linux/arm64").load().succeed()?;
    let image = outcome.image()?;
    assert_eq!(image.inspect()?["Architecture"], "arm64");
    Ok(())
}

/// A base for both platforms in which nothing can run: what looks like Python is no more than its first
/// bytes.
pub(crate) fn base_for_both_platforms(python: &str) -> Result<String> {
    let dockerfile = "FROM scratch\nCOPY root /\n";
    let files = [("Dockerfile", dockerfile), ("root/etc/passwd", "root:x:0:0:root:/root:/bin/sh\n")];
    let project = Project::with(&files)?;
    project.write("root/etc/group", "root:x:0:\n")?;
    project.write(&format!("root/usr/local/bin/python{python}"), "\x7fELF\x02")?;
    let name = format!("{}/e2e/two-platforms:python{python}", Engine::get()?.registry());
    Build::of(&project).file("Dockerfile").platforms("linux/amd64,linux/arm64").push(&name)?;
    Ok(name)
}

#[test]
fn wheels_of_another_platform_are_installed_without_running_anything_of_it() -> Result {
    if !Engine::get()?.has_containerd_store() {
        return Ok(()); // The classic store builds for one platform at a time.
    }
    let index = Index::start()?;
    let pure = Wheel::new("alpha", "1.0").script("greet").with("nonce.txt", nonce().as_bytes());
    let native = |machine: &str| {
        index.wheel(&Wheel::new("native", "1.0").tag(&format!("cp311-cp311-manylinux_2_17_{machine}")))
    };
    let lock = pylock(&[&index.wheel(&pure)]) + &pylock_package(&[&native("x86_64"), &native("aarch64")]);
    let base = base_for_both_platforms("3.11")?;
    let tables = format!(
        "python.base = \"{base}\"\npython.build-base = \"python:3.11-slim\"\npython.libc = \"glibc-2.36\"\n"
    );
    let project = project("pylock.toml", &lock, &tables)?;
    let folder = temporary_folder()?;
    let output = format!("type=local,dest={}", folder.path().display());
    let outcome = Build::of(&project).platforms("linux/amd64,linux/arm64").output(&output).succeed()?;

    let site = "venv/lib/python3.11/site-packages";
    for (platform, machine) in [("linux_amd64", "x86_64"), ("linux_arm64", "aarch64")] {
        let files = Project::files(&folder.path().join(platform))?;
        let read = |path: &str| files.get(path).and_then(|file| std::fs::read_to_string(file).ok());
        let module = read(&format!("{site}/native.py")).unwrap_or_default();
        assert!(module.contains(&format!("manylinux_2_17_{machine}")), "{platform}: {module}");
        assert!(read("venv/bin/greet").is_some_and(|script| script.starts_with("#!/venv/bin/python\n")));
        let bytecode = folder.path().join(format!("{platform}/{site}/__pycache__/native.cpython-311.pyc"));
        assert!(bytecode.is_file(), "{platform} has no bytecode");
    }
    // What is the same on both is unpacked once.
    let unpacked = outcome.progress.named("unpack: ");
    let ran = unpacked.iter().filter(|step| step.ran()).count();
    assert!(ran <= 3 && unpacked.len() == 3, "{}", outcome.transcript());
    Ok(())
}

/// Real wheels, compiled ones among them: only the container runs in the emulator.
#[test]
fn an_image_of_another_platform_starts_and_answers() -> Result {
    Engine::get()?.run_arm64()?;
    let project = Project::example("flask")?;
    project.replace("pybuild.toml", "requires = [\"test\"]", "")?;
    let version = "python.version = \"3.11\"\n";
    project.replace(
        "pybuild.toml",
        version,
        &format!("{version}python.base = \"python:3.11-slim-bookworm\"\n"),
    )?;
    let outcome = Build::of(&project).platforms("linux/arm64").load().succeed()?;
    let image = outcome.image()?;
    assert_eq!(image.inspect()?["Architecture"], "arm64");
    let machine = "import platform, markupsafe._speedups; print(platform.machine())";
    assert_eq!(image.prints(&["python", "-c", machine])?, "aarch64");
    let container = Container::start(image, 8000)?;
    assert_eq!(container.get(8000, "/health")?.json()?, json!({ "status": "healthy" }));
    Ok(())
}
