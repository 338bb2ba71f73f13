//! The attestations of an image: the bill of materials.

use std::collections::BTreeMap;

use pybuild_tests::oci::Layout;
use pybuild_tests::project::{nonce, temporary_folder};
use pybuild_tests::{
    Build, Engine, Index, Outcome, Project, Published, Result, Wheel, pybuild, pybuild_to_its_end,
};
use serde_json::{Value, json};

use crate::locked::{project, pylock, uv_package};
use crate::small;

const SPDX: &str = "spdx.dev/Document";

const PYPROJECT: &str = "[project]\nname = \"shop\"\nversion = \"3.1\"\nlicense = \"Apache-2.0\"\n\
    requires-python = \">=3.11\"\ndependencies = [\"alpha\"]\n";

/// The project's own entry in its `uv.lock`.
const ROOT: &str = "version = 1\nrequires-python = \">=3.11\"\n\n\
    [[package]]\nname = \"shop\"\nversion = \"3.1\"\nsource = { virtual = \".\" }\n\
    dependencies = [{ name = \"alpha\" }]\n\n\
    [package.metadata]\nrequires-dist = [{ name = \"alpha\" }]\n\n";

/// Two wheels, the first of which needs the second, and a project that needs the first.
fn shop(index: &Index) -> Result<(Project, [Published; 2])> {
    let alpha = index.wheel(&Wheel::new("alpha", "1.0").metadata("License-Expression: MIT"));
    let beta = index.wheel(&Wheel::new("beta", "2.0").metadata("License: As you like it"));
    let edges = "dependencies = [{ name = \"beta\" }]\n";
    let lock = format!("{ROOT}{}{}", uv_package(&alpha, edges), uv_package(&beta, ""));
    let project = project("uv.lock", &lock, "app.include = [\"app.py\"]\n")?;
    project.write("pyproject.toml", PYPROJECT)?;
    Ok((project, [alpha, beta]))
}

/// Builds with attestations and returns the attestations of each image.
fn attested(build: Build) -> Result<(Outcome, Vec<Value>)> {
    let folder = temporary_folder()?;
    let output = format!("type=oci,tar=false,dest={}", folder.path().display());
    let outcome = build.output(&output).succeed()?;
    let documents = Layout::new(folder.path()).attested(SPDX)?;
    Ok((outcome, documents))
}

fn by_name(document: &Value) -> BTreeMap<&str, &Value> {
    let packages = document["packages"].as_array().into_iter().flatten();
    packages.filter_map(|package| Some((package["name"].as_str()?, package))).collect()
}

#[test]
fn a_bill_of_materials_lists_what_the_lock_says_and_the_packages_licences() -> Result {
    if !Engine::get()?.has_containerd_store() {
        return Ok(()); // The classic store keeps no attestations.
    }
    let index = Index::start()?;
    let (project, wheels) = shop(&index)?;
    let build = || Build::of(&project).platforms("linux/amd64,linux/arm64").option("--sbom", "true");
    let (_, documents) = attested(build())?;
    assert_eq!(documents.len(), 2, "one for each platform: {documents:#?}");
    for document in &documents {
        let packages = by_name(document);
        assert_eq!(packages.keys().copied().collect::<Vec<_>>(), ["alpha", "beta", "shop"], "{document:#}");
        for wheel in &wheels {
            let package = packages[wheel.name.as_str()];
            let purl = format!("pkg:pypi/{}@{}", wheel.name, wheel.version);
            assert_eq!(package["versionInfo"], *wheel.version);
            assert_eq!(package["downloadLocation"], *wheel.url);
            assert_eq!(
                package["checksums"],
                json!([{ "algorithm": "SHA256", "checksumValue": wheel.sha256 }])
            );
            assert_eq!(package["externalRefs"][0]["referenceLocator"], *purl);
        }
        let licences = ["alpha", "beta", "shop"].map(|name| &packages[name]["licenseDeclared"]);
        assert_eq!(licences, ["MIT", "LicenseRef-beta", "Apache-2.0"]);
        assert_eq!(document["hasExtractedLicensingInfos"][0]["extractedText"], "As you like it");
        let relationships = document["relationships"].as_array().into_iter().flatten();
        let related: Vec<_> = relationships
            .map(|one| {
                let text = |key: &str| one[key].as_str().unwrap_or_default();
                (text("spdxElementId"), text("relationshipType"), text("relatedSpdxElement"))
            })
            .collect();
        let expected = [
            ("SPDXRef-DOCUMENT", "DESCRIBES", "SPDXRef-Application"),
            ("SPDXRef-Application", "DEPENDS_ON", "SPDXRef-Python-alpha"),
            ("SPDXRef-Python-alpha", "DEPENDS_ON", "SPDXRef-Python-beta"),
        ];
        assert_eq!(related, expected);
    }
    let (_, again) = attested(build().no_cache())?;
    assert_eq!(again, documents, "the same image has the same bill");
    Ok(())
}

/// A scanner that lists what it was shown.
const SCANNER: &str = r#"set -e
extras=$(ls "${BUILDKIT_SCAN_SOURCE_EXTRAS:-/nonexistent}" 2>/dev/null | tr '\n' ' ' || true)
test -e "$BUILDKIT_SCAN_SOURCE/etc/debian_version"
cat > "$BUILDKIT_SCAN_DESTINATION/os.spdx.json" <<EOF
{
    "_type": "https://in-toto.io/Statement/v0.1",
    "predicateType": "https://spdx.dev/Document",
    "predicate": { "name": "scanned", "comment": "$BUILDKIT_SCAN_level: $extras" }
}
EOF
"#;

#[test]
fn a_scanner_of_ones_own_adds_its_bill_and_sees_the_context_and_stages() -> Result {
    let engine = Engine::get()?;
    if !engine.has_containerd_store() {
        return Ok(()); // The classic store keeps no attestations.
    }
    let scanner = format!("{}/scanner:{}", engine.registry(), nonce());
    let image = Project::with(&[
        ("scan.sh", SCANNER),
        (
            "Dockerfile",
            "FROM debian:bookworm-slim\nCOPY scan.sh /scan.sh\nENTRYPOINT [\"/bin/sh\", \"/scan.sh\"]\n",
        ),
    ])?;
    Build::of(&image).file("Dockerfile").output(&format!("type=image,name={scanner},push=true")).succeed()?;

    let tables = "[stage.assets]\nfrom = \"scratch\"\ninclude = [\"app.py\"]\n\
        [stage.production]\ncopy = [{ from = \"assets\", path = \"/app\", to = \"/assets\" }]\n";
    let project = small::project(tables)?;
    let build = |scan: &str| {
        let sbom = format!("generator={scanner},level=deep");
        let build = Build::of(&project).option("--sbom", &sbom).option("--provenance", "false");
        build.arg("BUILDKIT_SBOM_SCAN_CONTEXT", "true").arg("BUILDKIT_SBOM_SCAN_STAGE", scan)
    };
    let (outcome, documents) = attested(build("assets"))?;
    let names: Vec<_> = documents.iter().map(|document| document["name"].as_str()).collect();
    assert_eq!(names, [Some("production"), Some("scanned")], "{}", outcome.transcript());
    assert_eq!(documents[1]["comment"], "deep: sbom-assets sbom-context ");
    outcome.step("[linux/amd64] generating sbom using")?;

    let outcome = build("asets").fail()?;
    let message = "build arg `BUILDKIT_SBOM_SCAN_STAGE` names the stage `asets`, which there is not; \
        accepted: `true`, `false` or stages: builder, dev, test, production, assets";
    assert!(outcome.errors.contains(message), "{}", outcome.errors);
    Ok(())
}

#[test]
fn an_extended_scan_needs_a_scanner() -> Result {
    if !Engine::get()?.has_containerd_store() {
        return Ok(()); // Clients refuse to ask the classic store for attestations.
    }
    let project = small::project("")?;
    let build = Build::of(&project).option("--sbom", "true").arg("BUILDKIT_SBOM_SCAN_CONTEXT", "true");
    let outcome = build.fail()?;
    let message = "build arg `BUILDKIT_SBOM_SCAN_CONTEXT` needs a scanner, and none is named";
    assert!(outcome.errors.contains(message), "{}", outcome.errors);
    Ok(())
}

/// A bump whose wheel brings a file that Python runs at every start, and hides the file from its own RECORD.
#[test]
fn a_bump_that_adds_code_which_python_runs_at_every_start_is_told() -> Result {
    if !Engine::get()?.has_containerd_store() {
        return Ok(()); // Clients refuse to ask the classic store for attestations.
    }
    let index = Index::start()?;
    let old = index.wheel(&Wheel::new("alpha", "1.0").with("alpha-1.0-nspkg.pth", b""));
    let new = Wheel::new("alpha", "1.1").with("alpha-1.1-nspkg.pth", b"");
    let new = index.wheel(&new.unlisted("zz_alpha.pth", b"import alpha\n"));
    let project = project("pylock.toml", &pylock(&[&old]), "")?;
    let bill = |name: &str| -> Result {
        let output = format!("type=local,dest={}", project.path().join(name).display());
        Build::of(&project).option("--sbom", "true").output(&output).succeed()?;
        Ok(())
    };
    project.write(".dockerignore", "old\nnew\n")?;
    bill("old")?;
    project.write("pylock.toml", &pylock(&[&new]))?;
    bill("new")?;
    let (before, after) = ("old/sbom.spdx.json", "new/sbom.spdx.json");
    let ended = pybuild_to_its_end(&project, &["plan", "--bills", before, after])?;
    assert_eq!(
        (ended.status.code(), ended.stdout.as_str()),
        (
            Some(1),
            "Files that Python runs at every start, and that were not there before\n  alpha 1.0 -> 1.1: zz_alpha.pth\n"
        )
    );
    let said = pybuild(&project, &["plan", "--bills", before, before])?;
    assert_eq!(said, "No package has come to bring a file that Python runs at every start.\n");
    Ok(())
}
