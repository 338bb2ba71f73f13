//! Several platforms in one build.

use pybuild_tests::oci::Layout;
use pybuild_tests::project::temporary_folder;
use pybuild_tests::{Build, Engine, Result};

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
fn one_platform_gives_an_image() -> Result {
    let project = small::project(FILES_ALONE)?;

    let outcome = Build::of(&project).target("assets").platforms("linux/arm64").load().succeed()?;
    let image = outcome.image()?;
    assert_eq!(image.inspect()?["Architecture"], "arm64");
    Ok(())
}
