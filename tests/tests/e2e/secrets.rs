//! Secrets: a step sees them, nothing that comes out of the build has them.

use std::fs;

use pybuild_tests::oci::contains;
use pybuild_tests::project::{nonce, temporary_folder};
use pybuild_tests::{Build, Engine, Outcome, Result};

use crate::small;

fn assert_not_said(outcome: &Outcome, secret: &str) -> Result {
    for line in outcome.image()?.history()? {
        assert!(!line.contains(secret), "in the history: {line}");
    }
    assert!(!outcome.image()?.inspect()?.to_string().contains(secret), "in the image's config");
    assert!(!outcome.transcript().contains(secret), "in the progress");
    assert!(!outcome.metadata.to_string().contains(secret), "in the metadata");
    Ok(())
}

#[test]
fn a_run_step_sees_a_secret_that_stays_out_of_the_image() -> Result {
    let secret = nonce();
    let project = small::project(
        "[stage.production]\n\
         run = [{ run = \"sha256sum < /run/secrets/token > /opt/digest\", secrets = [\"token\"] }]\n",
    )?;

    let outcome = Build::of(&project).secret("token", &secret).no_cache().load().succeed()?;
    let image = outcome.image()?;
    let expected = "import hashlib, sys; print(hashlib.sha256(sys.argv[1].encode()).hexdigest())";
    let digest = image.prints(&["python", "-c", expected, &secret])?;
    assert!(image.prints(&["cat", "/opt/digest"])?.starts_with(&digest), "the step saw another value");
    assert!(!image.files()?.contains("run/secrets/token"), "the mount point is in the image");
    assert_not_said(&outcome, &secret)?;

    if Engine::get()?.has_containerd_store() {
        let folder = temporary_folder()?;
        let archive = folder.path().join("image.tar");
        // Uncompressed, so that the bytes of the layers can be searched.
        let output =
            format!("type=oci,compression=uncompressed,force-compression=true,dest={}", archive.display());
        Build::of(&project).secret("token", &secret).output(&output).succeed()?;
        assert!(fs::metadata(&archive).expect("the archive").len() > 1 << 20, "the archive has no layers");
        assert!(!contains(&archive, &secret)?, "in a layer");
    }
    Ok(())
}

#[test]
fn a_secret_can_be_a_variable_of_one_step() -> Result {
    let secret = nonce();
    let project = small::project(
        "[stage.production]\n\
         run = [\n\
           { run = \"printf %s \\\"$TOKEN\\\" | wc -c > /opt/length\", secrets = [{ id = \"token\", env = \"TOKEN\" }] },\n\
           \"printf %s \\\"${TOKEN-none}\\\" > /opt/later\",\n\
         ]\n",
    )?;

    let outcome = Build::of(&project).secret("token", &secret).no_cache().load().succeed()?;
    let image = outcome.image()?;
    assert_eq!(image.prints(&["cat", "/opt/length"])?, secret.len().to_string());
    assert_eq!(image.prints(&["cat", "/opt/later"])?, "none");
    assert_eq!(image.env("TOKEN")?, None);
    assert_not_said(&outcome, &secret)
}

#[test]
fn a_secret_that_is_not_passed_fails_the_build_unless_it_is_optional() -> Result {
    let step = |id: &str| {
        small::project(&format!(
            "[stage.production]\nrun = [{{ run = \"test ! -e /run/secrets/token # {}\", secrets = [{id}] }}]\n",
            nonce()
        ))
    };
    let outcome = Build::of(&step("\"token\"")?).fail()?;
    let told = "failed to solve: the secret `token` was not passed to this build\n  \
        help: pass it: `--secret id=token,src=FILE` or `--secret id=token,env=VARIABLE`\n  \
        help: or let the step do without: `secrets = [{ id = \"token\", required = false }]`\n";
    assert!(outcome.errors.ends_with(told), "{}", outcome.errors);

    Build::of(&step("{ id = \"token\", required = false }")?).succeed()?;
    Ok(())
}
