//! Two distributions with the same files: which one is kept, whatever layers they lie in.

use pybuild_tests::project::nonce;
use pybuild_tests::{Build, Index, Result, Wheel};

use crate::locked::{project, pylock};

/// What is large enough to be a layer of its own, and is not made smaller by compression.
fn heavy() -> Vec<u8> {
    let mut state: u32 = 2_463_534_242;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state.to_le_bytes()
    };
    (0..300_000).flat_map(|_| next()).collect()
}

/// pip 23.2 installs `beta` and then `alpha` ("Installing collected packages: beta, alpha").
#[test]
fn the_package_that_pip_installs_last_is_kept_in_every_plan_of_layers() -> Result {
    let heavy = heavy();
    for large in ["", "alpha", "beta"] {
        let index = Index::start()?;
        let wheel = |name: &str| {
            let wheel = Wheel::new(name, "1.0")
                .with("shared/__init__.py", format!("WHO = '{name}'\n").as_bytes())
                .with("shared/same.py", b"")
                .with(&format!("{name}_nonce.txt"), nonce().as_bytes());
            if large == name { wheel.with(&format!("{name}_data.bin"), &heavy) } else { wheel }
        };
        let files = [index.wheel(&wheel("alpha")), index.wheel(&wheel("beta"))];
        let project = project("pylock.toml", &pylock(&[&files[0], &files[1]]), "")?;
        let built = Build::of(&project).load().succeed()?;
        let who = built.image()?.prints(&["python", "-c", "import shared; print(shared.WHO)"])?;
        assert_eq!(who.trim_end(), "alpha", "heavy: `{large}`");
        let transcript = built.transcript();
        assert!(transcript.contains("both bring `"), "{transcript}");
    }
    Ok(())
}
