//! Tests `examples/multiarch` against its README.

use std::collections::BTreeMap;

use pybuild_tests::oci::Layout;
use pybuild_tests::project::{nonce, temporary_folder};
use pybuild_tests::{Build, Container, Engine, Index, Project, Result, Wheel};
use serde_json::json;

use crate::locked::{project, pylock, pylock_package};
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

/// The example on the one base that there is for both platforms, and whose programs run.
fn example_on_emulated_base() -> Result<Project> {
    let project = Project::example("multiarch")?;
    let version = "python = { version = \"3.11\", base = \"python:3.11-slim-bookworm\" }";
    project.replace("pybuild.toml", "python.version = \"3.13\"", version)?;
    Ok(project)
}

/// Under emulation, which only the container needs.
#[test]
fn the_image_of_another_platform_answers_there() -> Result {
    Engine::get()?.run_arm64()?;
    let project = example_on_emulated_base()?;
    let outcome = Build::of(&project).platforms("linux/arm64").load().succeed()?;
    let image = outcome.image()?;
    assert_eq!(image.inspect()?["Architecture"], "arm64");
    let container = Container::start(image, 8000)?;
    let expected = json!({
        "built_on": "linux/amd64",
        "machine": "aarch64",
        "native": "_speedups.cpython-311-aarch64-linux-gnu.so",
        "target": "linux/arm64",
    });
    assert_eq!(container.get(8000, "/")?.json()?, expected);
    Ok(())
}

#[test]
fn the_debug_stage_has_tools_of_the_operating_system() -> Result {
    let outcome = Build::of(&Project::example("multiarch")?)
        .target("debug")
        .platforms("linux/amd64")
        .load()
        .succeed()?;
    let image = outcome.image()?;
    assert!(image.prints(&["strace", "--version"])?.starts_with("strace -- version"));
    assert!(image.prints(&["cat", "/app/tools"])?.starts_with("strace -- version"));
    assert!(image.files()?.contains("usr/sbin/rdmsr"));
    assert_eq!(image.env("IMAGE_PLATFORM")?.as_deref(), Some("linux/amd64"));
    let production = Build::of(&Project::example("multiarch")?).platforms("linux/amd64").load().succeed()?;
    assert!(!production.image()?.files()?.contains("usr/bin/strace"), "production has it too");
    Ok(())
}

/// `apt` and the `run` step are programs of arm64, which the emulator runs.
#[test]
fn tools_of_the_operating_system_are_installed_on_another_platform() -> Result {
    Engine::get()?.run_arm64()?;
    let project = example_on_emulated_base()?;
    let outcome = Build::of(&project).target("debug").platforms("linux/arm64").load().succeed()?;
    // The package that arm64 does not have is asked for on amd64 alone.
    outcome.step("[debug] apt: strace")?;
    assert!(outcome.progress.named("msr-tools").is_empty(), "{}", outcome.transcript());
    let image = outcome.image()?;
    let says = "strace --version | head -n 1; dpkg-query -W -f '${Package} ${Architecture}' strace && echo && uname -m";
    let said = image.prints(&["sh", "-c", says])?;
    let lines: Vec<_> = said.lines().collect();
    assert!(lines[0].starts_with("strace -- version"), "{said}");
    assert_eq!(lines[1..], ["strace arm64", "aarch64"]);
    assert!(image.prints(&["cat", "/app/tools"])?.starts_with("strace -- version"));
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
    let mut times: BTreeMap<&str, usize> = BTreeMap::new();
    for step in outcome.progress.named("unpack: ") {
        let (_, packages) = step.name.split_once("unpack: ").expect("its name");
        *times.entry(packages).or_default() += 1;
    }
    assert!(times.len() > 1, "{}", outcome.transcript());
    for (packages, times) in times {
        let expected = if packages.contains("markupsafe") { 2 } else { 1 };
        assert_eq!(times, expected, "{packages}: {}", outcome.transcript());
    }
    Ok(())
}

#[test]
fn a_package_without_a_wheel_for_one_platform_is_refused_before_any_step() -> Result {
    if !Engine::get()?.has_containerd_store() {
        return Ok(()); // The classic store has images of one platform.
    }
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

/// The base for both platforms with pip on it, which is Python alone.
fn base_that_builds() -> Result<String> {
    let dockerfile = "FROM --platform=$BUILDPLATFORM python:3.11-slim AS here\n\
        FROM python:3.11-slim-bookworm\n\
        COPY --from=here /usr/lib/python3/dist-packages /usr/lib/python3/dist-packages\n";
    let name = format!("{}/e2e/two-platforms-with-pip:python3.11", Engine::get()?.registry());
    let project = Project::with(&[("Dockerfile", dockerfile)])?;
    Build::of(&project).file("Dockerfile").platforms("linux/amd64,linux/arm64").push(&name)?;
    Ok(name)
}

#[test]
fn a_package_without_a_wheel_for_one_platform_is_built_there() -> Result {
    if !Engine::get()?.has_containerd_store() {
        return Ok(()); // The classic store builds for one platform at a time.
    }
    Engine::get()?.run_arm64()?;
    let index = Index::start()?;
    let wheel = index.wheel(&Wheel::new("native", "1.0").tag("cp311-cp311-manylinux_2_17_x86_64"));
    let source = index.sdist("native", "1.0", &nonce())?;
    let sdist =
        format!("sdist = {{ url = \"{}\", hashes = {{ sha256 = \"{}\" }} }}\n", source.url, source.sha256);
    let lock = pylock(&[]) + &pylock_package(&[&wheel]) + &sdist;
    let bases = format!(
        "python.base = \"python:3.11-slim-bookworm\"\npython.build-base = \"{}\"\n",
        base_that_builds()?
    );
    let project = project("pylock.toml", &lock, &bases)?;
    let folder = temporary_folder()?;
    let output = format!("type=local,dest={}", folder.path().display());
    let outcome = Build::of(&project).platforms("linux/amd64,linux/arm64").output(&output).succeed()?;

    // One build, in the emulator; the other platform has its wheel.
    assert!(outcome.step("build: native 1.0")?.ran(), "{}", outcome.transcript());
    for (platform, module) in
        [("linux_amd64", "manylinux_2_17_x86_64"), ("linux_arm64", "VERSION = \"1.0\"\n")]
    {
        let path = folder.path().join(platform).join("venv/lib/python3.11/site-packages/native.py");
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(text.contains(module), "{platform}: {text}");
    }
    let info = folder.path().join("linux_arm64/venv/lib/python3.11/site-packages/native-1.0.dist-info/WHEEL");
    let wheel = std::fs::read_to_string(info).unwrap_or_default();
    assert!(wheel.contains("Tag: py3-none-any"), "arm64 has another platform's wheel: {wheel}");
    Ok(())
}
