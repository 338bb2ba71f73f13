//! `examples/multiarch`: what its README promises.

use pybuild_tests::oci::Layout;
use pybuild_tests::project::temporary_folder;
use pybuild_tests::{Build, Container, Engine, Index, Project, Result, Wheel};
use serde_json::json;

use crate::locked::{pylock, pylock_package};
use crate::platforms::base_for_both_platforms;

/// The example on a base that is there for both platforms, in which nothing can run.
fn on_two_platforms() -> Result<Project> {
    let project = Project::example("multiarch")?;
    let base = base_for_both_platforms("3.13")?;
    let tables = format!(
        "python = {{ version = \"3.13\", base = \"{base}\", build-base = \"python:3.13-slim\", libc = \"glibc-2.41\" }}"
    );
    project.replace("pybuild.toml", "python.version = \"3.13\"", &tables)?;
    Ok(project)
}

#[test]
fn the_image_of_the_engines_platform_answers() -> Result {
    let outcome = Build::of(&Project::example("multiarch")?).platforms("linux/amd64").load().succeed()?;
    let container = Container::start(outcome.image()?, 8000)?;
    let expected = json!({
        "built_on": "linux/amd64",
        "machine": "x86_64",
        "native": "_speedups.cpython-313-x86_64-linux-gnu.so",
        "target": "linux/amd64",
    });
    assert_eq!(container.get(8000, "/")?.json()?, expected);
    Ok(())
}

#[test]
fn one_index_has_both_platforms_with_their_own_wheels() -> Result {
    if !Engine::get()?.has_containerd_store() {
        return Ok(()); // The classic store builds for one platform at a time.
    }
    let project = on_two_platforms()?;
    let (index, files) = (temporary_folder()?, temporary_folder()?);
    let outcome = Build::of(&project)
        .platforms("linux/amd64,linux/arm64")
        .output(&format!("type=oci,tar=false,dest={}", index.path().display()))
        .output(&format!("type=local,dest={}", files.path().display()))
        .succeed()?;

    let layout = Layout::new(index.path());
    let images = layout.images()?;
    assert_eq!(images.keys().collect::<Vec<_>>(), ["linux/amd64", "linux/arm64"]);
    for (platform, machine) in [("amd64", "x86_64"), ("arm64", "aarch64")] {
        let config = layout.config(&images[&format!("linux/{platform}")])?;
        assert_eq!(config["config"]["Labels"]["architecture"], platform);
        let env = config["config"]["Env"].as_array().expect("variables");
        assert!(env.contains(&json!(format!("IMAGE_PLATFORM=linux/{platform}"))), "{env:?}");
        assert!(env.contains(&json!("BUILT_ON=linux/amd64")), "{env:?}");
        let folder = files.path().join(format!("linux_{platform}/venv/lib/python3.13/site-packages"));
        let native = format!("markupsafe/_speedups.cpython-313-{machine}-linux-gnu.so");
        assert!(folder.join(&native).is_file(), "{platform} has no {native}");
        assert!(folder.join("flask/__init__.py").is_file(), "{platform} has no flask");
    }
    // Wheels of pure Python are unpacked once; only that of MarkupSafe differs.
    let ran = outcome.progress.named("unpack: ").into_iter().filter(|step| step.ran()).count();
    assert!(ran <= outcome.progress.named("unpack: ").len().div_ceil(2) + 1, "{}", outcome.transcript());
    Ok(())
}

#[test]
fn a_package_without_a_wheel_for_one_platform_is_refused_before_any_step() -> Result {
    let project = on_two_platforms()?;
    let index = Index::start()?;
    let native = Wheel::new("native", "1.0").tag("cp313-cp313-manylinux_2_17_x86_64");
    let lock = pylock(&[]) + &pylock_package(&[&index.wheel(&native)]);
    project.write("pylock.toml", &lock)?;
    let outcome = Build::of(&project).platforms("linux/amd64,linux/arm64").fail()?;
    let wanted = [
        "no file of `native 1.0` can be installed on Python 3.13",
        " on linux/arm64 with glibc 2.41\n  help: build for linux/amd64\n",
        "native-1.0-cp313-cp313-manylinux_2_17_x86_64.whl",
    ];
    assert!(wanted.iter().all(|part| outcome.errors.contains(part)), "{}", outcome.errors);
    assert_eq!(outcome.progress.named("unpack: ").len(), 0);
    Ok(())
}
