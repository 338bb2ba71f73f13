//! Secrets. A step can read them, but no output of a build contains them.

use std::fs;

use pybuild_tests::oci::contains;
use pybuild_tests::project::{nonce, temporary_folder};
use pybuild_tests::{Build, Engine, Index, Outcome, Project, Result, Wheel};

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
    // Which words the client puts before a frontend's message is a matter of chance.
    let errors = outcome.errors.replace("failed to run Build function", "failed to solve");
    assert!(errors.ends_with(told), "{}", outcome.errors);

    Build::of(&step("{ id = \"token\", required = false }")?).succeed()?;
    Ok(())
}

/// The part of a text's base64 that is the same whatever stands around the text, for each of its three
/// places.
fn base64(text: &str) -> [String; 3] {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    [0, 1, 2].map(|shift| {
        let bytes: Vec<u8> = vec![0; shift].into_iter().chain(text.bytes()).collect();
        let whole = bytes.chunks_exact(3).skip(usize::from(shift > 0));
        let letters = whole.flat_map(|three| {
            let bits = three.iter().fold(0_usize, |bits, byte| bits << 8 | usize::from(*byte));
            [18, 12, 6, 0].map(|at| LETTERS.get(bits >> at & 63).map_or('?', |letter| char::from(*letter)))
        });
        letters.collect()
    })
}

#[test]
fn a_password_in_the_address_of_a_lock_is_in_nothing_that_a_build_leaves() -> Result {
    assert_eq!(base64("Man")[0], "TWFu", "as RFC 4648 has it");
    let index = Index::start()?;
    let password = nonce();
    let alpha = index.wheel(&Wheel::new("alpha", "1.0").with("nonce.txt", nonce().as_bytes()));
    let lock = |sha256: &str| {
        let url = alpha.url.replace("http://", &format!("http://me:{password}@"));
        format!(
            "lock-version = \"1.0\"\n\n[[packages]]\nname = \"alpha\"\nversion = \"1.0\"\n\
             wheels = [{{ url = \"{url}\", hashes = {{ sha256 = \"{sha256}\" }} }}]\n"
        )
    };
    let file = "# syntax=localhost:5000/pybuild:dev\npython.version = \"3.11\"\napp.include = [\"app.py\"]\n";
    let project = |lock: &str| {
        Project::with(&[("pybuild.toml", file), ("pylock.toml", lock), ("app.py", "print('locked')\n")])
    };
    let folder = temporary_folder()?;
    let archive = folder.path().join("image.tar");
    let layout =
        format!("type=oci,compression=uncompressed,force-compression=true,dest={}", archive.display());
    let good = project(&lock(&alpha.sha256))?;
    let outcome = Build::of(&good).option("--provenance", "mode=max").output(&layout).succeed()?;
    assert!(contains(&archive, "https://slsa.dev/provenance")?, "there is no provenance to look at");
    for text in base64(&password).iter().chain([&password]) {
        assert!(!contains(&archive, text)?, "`{text}` is in the image, its history or its provenance");
        assert!(!outcome.metadata.to_string().contains(text), "`{text}` is in the metadata");
        assert!(!outcome.transcript().contains(text), "`{text}` is in the progress");
    }
    let warned = outcome.progress.warnings.iter().map(|warning| warning.short.as_str());
    let expected = "CredentialsInAddress: the address of `alpha 1.0` has a user name or password: it belongs in a \
                    build secret (pylock.toml line 4)";
    assert_eq!(warned.collect::<Vec<_>>(), [expected]);

    // The excerpt of a failure shows the very line.
    let outcome = Build::of(&project(&lock(&"0".repeat(64)))?).fail()?;
    assert!(outcome.errors.contains("digest mismatch"), "{}", outcome.errors);
    for said in [&outcome.errors, &outcome.transcript()] {
        assert!(!said.contains(&password), "{said}");
    }
    Ok(())
}
