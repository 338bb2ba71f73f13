//! The same input gives the same image, and the image says what went into it.

use pybuild_tests::git::Repository;
use pybuild_tests::oci::Layout;
use pybuild_tests::project::{nonce, temporary_folder};
use pybuild_tests::{Build, Engine, Index, Outcome, Project, Result, Wheel};
use serde_json::Value;

use crate::locked::{project, pylock};

/// A build and its OCI layout, in a folder that lives as long as `look` takes.
fn exported<T>(build: Build, more: &str, look: impl Fn(&Outcome, &Layout) -> Result<T>) -> Result<T> {
    let folder = temporary_folder()?;
    let outcome =
        build.output(&format!("type=oci,tar=false,dest={}{more}", folder.path().display())).succeed()?;
    look(&outcome, &Layout::new(folder.path()))
}

/// The digest of an image for which everything was made anew.
fn cold(project: &Project) -> Result<String> {
    let build = Build::of(project).no_cache().arg("SOURCE_DATE_EPOCH", "1700000000");
    exported(build.option("--provenance", "false"), ",rewrite-timestamp=true", |outcome, layout| {
        for step in ["unpack: ", "build: beta", "venv: "] {
            assert!(outcome.ran(step)?, "{}", outcome.transcript());
        }
        layout.digest()
    })
}

#[test]
fn two_cold_builds_give_the_same_image() -> Result {
    if !Engine::get()?.has_containerd_store() {
        return Ok(()); // The classic store exports no OCI layout.
    }
    let index = Index::start()?;
    let (alpha, beta) = (Wheel::new("alpha", "1.0").script("greet"), index.sdist("beta", "2.0", "")?);
    let project = project("pylock.toml", &pylock(&[&index.wheel(&alpha), &beta]), "")?;
    let first = cold(&project)?;
    // The same text at another time.
    project.write("app.py", &project.read("app.py")?)?;
    assert_eq!(cold(&project)?, first);
    Ok(())
}

/// From a git URL: for the engine, a folder of the client's is a material that nobody can name.
#[test]
fn the_provenance_lists_every_wheel_and_is_hermetic() -> Result {
    if !Engine::get()?.has_containerd_store() {
        return Ok(()); // The classic store keeps no attestations.
    }
    let index = Index::start()?;
    let wheel = |name: &str| index.wheel(&Wheel::new(name, "1.0").with("nonce.txt", nonce().as_bytes()));
    let wheels = [wheel("alpha"), wheel("beta")];
    let repository = Repository::of(&project("pylock.toml", &pylock(&[&wheels[0], &wheels[1]]), "")?)?;
    let elsewhere = Project::with(&[])?;
    let build = Build::of(&elsewhere).context(&repository.url()).option("--provenance", "mode=max");
    let provenance = exported(build, "", |_, layout| layout.provenance())?;

    let materials = provenance["materials"].as_array();
    for wheel in &wheels {
        let of_wheel = |material: &&Value| material["uri"] == wheel.url.as_str();
        let found = materials.into_iter().flatten().find(of_wheel);
        assert_eq!(found.map(|found| &found["digest"]["sha256"]), Some(&Value::from(&*wheel.sha256)));
    }
    let metadata = &provenance["metadata"];
    // Each step has its lines of the build file.
    let source = &metadata["https://mobyproject.org/buildkit@v1#metadata"]["source"];
    assert_eq!(source["infos"][0]["filename"], "pybuild.toml", "{provenance:#}");
    assert_eq!(source["infos"][0]["language"], "toml");
    let placed = source["locations"].as_object().map_or(0, serde_json::Map::len);
    let steps = provenance["buildConfig"]["llbDefinition"].as_array().map_or(0, Vec::len);
    assert!(placed > 3 && steps > placed, "{placed} of {steps} steps have a place\n{provenance:#}");
    let hermetic = &metadata["https://mobyproject.org/buildkit@v1#hermetic"];
    let complete = &metadata["completeness"]["materials"];
    assert_eq!((hermetic, complete), (&Value::Bool(true), &Value::Bool(true)), "{provenance:#}");
    Ok(())
}
