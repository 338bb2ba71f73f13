//! The digests that the frontend computes are the same as the digests of the engine.

use std::collections::{BTreeMap, BTreeSet};

use pybuild_tests::git::Repository;
use pybuild_tests::project::temporary_folder;
use pybuild_tests::{Build, Project, Result};
use serde_json::Value;

/// From a git URL, since a client's folder has the id of its session in its digest.
#[test]
fn every_vertex_has_the_digest_that_the_engine_reports() -> Result {
    let project = Project::example("flask")?;
    let repository = Repository::of(&project)?;
    let elsewhere = Project::with(&[])?;
    let folder = temporary_folder()?;

    let output = format!("type=local,dest={}", folder.path().display());
    Build::of(&elsewhere).context(&repository.url()).target("debug:llb").output(&output).succeed()?;
    let text = std::fs::read(folder.path().join("llb.json")).unwrap_or_default();
    let definition: Value = serde_json::from_slice(&text)?;
    let ours: BTreeMap<&str, &str> = definition["ops"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|op| {
            Some((op["metadata"]["description"]["llb.customname"].as_str()?, op["digest"].as_str()?))
        })
        .collect();
    assert!(ours.contains_key("[test] check: pytest"), "{ours:#?}");

    // Asked for by digest: a step that another build does at the same time goes by the name it has there.
    let outcome = Build::of(&elsewhere).context(&repository.url()).target("production").succeed()?;
    let reported: BTreeSet<&str> = outcome.progress.steps().map(|step| step.digest.as_str()).collect();
    for (name, digest) in ours {
        assert!(reported.contains(digest), "{name}: {digest} is not in\n{}", outcome.transcript());
    }
    Ok(())
}
