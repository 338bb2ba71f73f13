//! The same input gives the same image, and the image records its inputs.

use std::process::Command;

use pybuild_tests::command::run;
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
    // Packages that no other test has: an engine joins the steps of two builds that do the same work.
    let label = nonce();
    let alpha = Wheel::new("alpha", "1.0").script("greet").with("label.txt", label.as_bytes());
    let beta = index.sdist("beta", "2.0", &label)?;
    let project = project("pylock.toml", &pylock(&[&index.wheel(&alpha), &beta]), "")?;
    let first = cold(&project)?;
    // The same text at another time.
    project.write("app.py", &project.read("app.py")?)?;
    assert_eq!(cold(&project)?, first);
    Ok(())
}

/// Gives every file of a project the same time, as `touch -d` reads it.
fn touch_all(project: &Project, time: &str) -> Result {
    let files = Project::files(project.path())?;
    let mut touch = Command::new("touch");
    touch.args(["-d", time]).args(files.values()).arg(project.path());
    run(&mut touch)?.successful().map(drop)
}

/// Clocks that are years off on both sides: those of the checkout, and the one that the build is told of.
#[test]
fn times_of_files_that_differ_by_years_give_the_same_image() -> Result {
    if !Engine::get()?.has_containerd_store() {
        return Ok(()); // The classic store exports no OCI layout.
    }
    let index = Index::start()?;
    let alpha = index.wheel(&Wheel::new("alpha", "1.0").with("nonce.txt", nonce().as_bytes()));
    // 1970-01-01 and 1980-01-01, by `date -u -d 1980-01-01 +%s`: engines rewrite the times that are later,
    // and leave those that are earlier as they are.
    for epoch in ["0", "315532800"] {
        let mut digests = Vec::new();
        for time in ["1980-01-02T00:00:00Z", "2099-12-31T00:00:00Z"] {
            // A folder of its own: another checkout of the same project.
            let project = project("pylock.toml", &pylock(&[&alpha]), "")?;
            project.write("package/module.py", "print('module')\n")?;
            touch_all(&project, time)?;
            let build = Build::of(&project).no_cache().arg("SOURCE_DATE_EPOCH", epoch);
            let build = build.option("--provenance", "false");
            digests.push(exported(build, ",rewrite-timestamp=true", |_, layout| layout.digest())?);
        }
        assert_eq!(digests[0], digests[1], "SOURCE_DATE_EPOCH={epoch}");
    }
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

    // Older engines write SLSA 0.2 unless asked, newer ones SLSA 1.
    let said = |before: &str, now: &str| {
        let found = provenance.pointer(before).or_else(|| provenance.pointer(now));
        found.cloned().unwrap_or_default()
    };
    let materials = said("/materials", "/buildDefinition/resolvedDependencies");
    for wheel in &wheels {
        let of_wheel = |material: &&Value| material["uri"] == wheel.url.as_str();
        let found = materials.as_array().into_iter().flatten().find(of_wheel);
        assert_eq!(found.map(|found| &found["digest"]["sha256"]), Some(&Value::from(&*wheel.sha256)));
    }
    // Each step has its lines of the build file.
    let source = said(
        "/metadata/https:~1~1mobyproject.org~1buildkit@v1#metadata/source",
        "/runDetails/metadata/buildkit_metadata/source",
    );
    assert_eq!(source["infos"][0]["filename"], "pybuild.toml", "{provenance:#}");
    assert_eq!(source["infos"][0]["language"], "toml");
    let placed = source["locations"].as_object().map_or(0, serde_json::Map::len);
    let graph =
        said("/buildConfig/llbDefinition", "/buildDefinition/internalParameters/buildConfig/llbDefinition");
    let steps = graph.as_array().map_or(0, Vec::len);
    assert!(placed > 3 && steps > placed, "{placed} of {steps} steps have a place\n{provenance:#}");
    let hermetic = said(
        "/metadata/https:~1~1mobyproject.org~1buildkit@v1#hermetic",
        "/runDetails/metadata/buildkit_hermetic",
    );
    let complete = said(
        "/metadata/completeness/materials",
        "/runDetails/metadata/buildkit_completeness/resolvedDependencies",
    );
    assert_eq!((hermetic, complete), (Value::Bool(true), Value::Bool(true)), "{provenance:#}");
    Ok(())
}
