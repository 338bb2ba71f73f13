//! A cooldown: a build refuses a file that its index received too recently.

use pybuild_tests::{Build, Index, Result, Wheel};

use crate::locked::{project, pylock};

/// 2026-11-28T00:00:00Z, by `date -u -d 2026-11-28 +%s`.
const NOW: &str = "1795824000";

#[test]
fn a_file_that_is_too_young_is_refused_until_the_day_that_the_message_names() -> Result {
    let index = Index::start()?;
    let alpha = index.wheel(&Wheel::new("alpha", "1.0"));
    let lock = pylock(&[&alpha]).replace("size =", "upload-time = 2026-11-26T12:00:00Z, size =");
    let project = project("pylock.toml", &lock, "dependencies.cooldown = \"7d\"\n")?;
    let refused = Build::of(&project).arg("SOURCE_DATE_EPOCH", NOW).fail()?.transcript();
    for line in [
        "`alpha 1.0` was uploaded on 2026-11-26, 1 day ago; `cooldown` asks for 7 days",
        "help: or build on 2026-12-04 or later",
        "except = [\"alpha\"]",
    ] {
        assert!(refused.contains(line), "{line}\n{refused}");
    }
    // 2026-12-04T00:00:00Z: the clock alone has changed.
    Build::of(&project).arg("SOURCE_DATE_EPOCH", "1796342400").succeed()?;
    project.replace("pybuild.toml", "\"7d\"", "{ age = \"7d\", except = [\"alpha\"] }")?;
    Build::of(&project).arg("SOURCE_DATE_EPOCH", NOW).succeed()?;
    Ok(())
}

#[test]
fn a_file_whose_upload_no_lock_tells_is_installed_with_a_warning() -> Result {
    let index = Index::start()?;
    let alpha = index.wheel(&Wheel::new("alpha", "1.0"));
    let project = project("pylock.toml", &pylock(&[&alpha]), "dependencies.cooldown = \"7d\"\n")?;
    let outcome = Build::of(&project).succeed()?;
    let told: Vec<_> = outcome.progress.warnings.iter().map(|warning| warning.short.as_str()).collect();
    let expected = "UploadTimeUnknown: `pylock.toml` does not say when every file was uploaded: `cooldown` does not hold for \
        those files (line 3)";
    assert_eq!(told, [expected]);
    Ok(())
}

/// A lock that was written by a machine whose clock runs ahead, or a builder whose clock runs behind.
#[test]
fn a_file_that_was_uploaded_in_the_future_is_refused_and_the_clock_reaches_no_byte() -> Result {
    let index = Index::start()?;
    let alpha = index.wheel(&Wheel::new("alpha", "1.0"));
    let lock = pylock(&[&alpha]).replace("size =", "upload-time = 2090-01-01T00:00:00Z, size =");
    let project = project("pylock.toml", &lock, "dependencies.cooldown = \"7d\"\n")?;
    // The engine's own clock, 1970, and a week less than the file needs: 2090-01-07, by `date -u`.
    for epoch in [None, Some("0"), Some("3787430400")] {
        let build =
            epoch.into_iter().fold(Build::of(&project), |build, at| build.arg("SOURCE_DATE_EPOCH", at));
        let refused = build.fail()?.transcript();
        let said = "`alpha 1.0` was uploaded on 2090-01-01";
        assert!(refused.contains(said) && refused.contains("build on 2090-01-08 or later"), "{refused}");
    }
    // 2090-01-09 and 2100-01-01: nothing is made again but what the time itself is written into.
    for epoch in ["3787603200", "4102444800"] {
        Build::of(&project).arg("SOURCE_DATE_EPOCH", epoch).succeed()?;
    }
    let again = Build::of(&project).arg("SOURCE_DATE_EPOCH", "4102444801").succeed()?;
    assert!(!again.ran("unpack: ")?, "{}", again.transcript());
    Ok(())
}
