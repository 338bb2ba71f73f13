use super::*;

fn target(minor: u64, architecture: Architecture, libc: Libc) -> Target {
    Target { python: Python { major: 3, minor, patch: None, free_threaded: false }, architecture, libc }
}

const BOOKWORM: Libc = Libc::Glibc { major: 2, minor: 36 };
const ALPINE: Libc = Libc::Musl { major: 1, minor: 2 };

fn wheel(tags: &str) -> WheelName {
    WheelName::parse(&format!("a-1.0-{tags}.whl")).unwrap()
}

#[test]
fn the_name_of_a_wheel_is_taken_apart() {
    let name = WheelName::parse(
        "Zope_Interface-1.0+cpu-12ab-cp39.cp310-abi3-manylinux1_x86_64.manylinux_2_5_x86_64.whl",
    )
    .unwrap();
    assert_eq!(name.name.as_str(), "zope-interface");
    assert_eq!(name.version.to_string(), "1.0+cpu");
    assert_eq!(name.build, Some((12, "ab".to_owned())));
    assert_eq!(name.to_string(), "cp39.cp310-abi3-manylinux1_x86_64.manylinux_2_5_x86_64");
    let wrong = [
        ("a-1.0.tar.gz", "`a-1.0.tar.gz` does not end in `.whl`"),
        ("a-1.0.whl", "`a-1.0.whl` has 2 parts between dashes where a wheel has five or six"),
        ("a-x-py3-none-any.whl", "`a-x-py3-none-any.whl` carries no valid version"),
        (
            "a-1-x-py3-none-any.whl",
            "`a-1-x-py3-none-any.whl` has a build tag that does not begin with a digit",
        ),
        ("a-1-py3--any.whl", "`a-1-py3--any.whl` has an empty tag"),
        ("-1-py3-none-any.whl", "`-1-py3-none-any.whl` does not begin with a package name"),
    ];
    for (file, message) in wrong {
        assert_eq!(WheelName::parse(file).unwrap_err().to_string(), message);
    }
}

#[test]
fn tags_come_best_first() {
    let tags = Tags::of(&target(12, Architecture::X86_64, Libc::Glibc { major: 2, minor: 18 }));
    let first: Vec<_> = tags.ordered().iter().take(4).map(String::as_str).collect();
    assert_eq!(
        first,
        [
            "cp312-cp312-manylinux_2_18_x86_64",
            "cp312-cp312-manylinux_2_17_x86_64",
            "cp312-cp312-manylinux2014_x86_64",
            "cp312-cp312-manylinux_2_16_x86_64",
        ]
    );
    assert_eq!(tags.ordered().last().map(String::as_str), Some("py30-none-any"));
}

#[test]
fn wheels_fit_the_targets_that_can_run_them() {
    let glibc = target(12, Architecture::X86_64, BOOKWORM);
    let musl = target(12, Architecture::Aarch64, ALPINE);
    let mut threaded = target(13, Architecture::X86_64, BOOKWORM);
    threaded.python.free_threaded = true;
    let old = target(12, Architecture::X86_64, Libc::Glibc { major: 2, minor: 17 });
    let fits = [
        (&glibc, "cp312-cp312-manylinux_2_28_x86_64"),
        (&glibc, "cp312-cp312-manylinux1_x86_64"),
        (&glibc, "cp37-abi3-manylinux2014_x86_64"),
        (&glibc, "py2.py3-none-any"),
        (&glibc, "py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64"),
        (&glibc, "cp312-cp312-linux_x86_64"),
        (&musl, "cp312-cp312-musllinux_1_1_aarch64"),
        (&musl, "py3-none-any"),
        (&threaded, "cp313-cp313t-manylinux_2_17_x86_64"),
        (&threaded, "py3-none-any"),
    ];
    for (target, tags) in fits {
        assert_eq!(Tags::of(target).mismatch(&wheel(tags)), None, "{target}: {tags}");
    }
    let misfits = [
        (&glibc, "cp311-cp311-manylinux_2_17_x86_64", Mismatch::Python),
        (&glibc, "cp313-abi3-manylinux_2_17_x86_64", Mismatch::Python),
        (&glibc, "cp312-cp312-musllinux_1_2_x86_64", Mismatch::Platform),
        (&glibc, "cp312-cp312-manylinux_2_17_aarch64", Mismatch::Platform),
        (&glibc, "cp312-cp312-win_amd64", Mismatch::Platform),
        (&glibc, "py2-none-any", Mismatch::Python),
        (&musl, "cp312-cp312-musllinux_1_3_aarch64", Mismatch::Platform),
        (&threaded, "cp313-cp313-manylinux_2_17_x86_64", Mismatch::Python),
        (&threaded, "cp39-abi3-manylinux_2_17_x86_64", Mismatch::Python),
        (&old, "cp312-cp312-manylinux_2_28_x86_64", Mismatch::Platform),
    ];
    for (target, tags, expected) in misfits {
        assert_eq!(Tags::of(target).mismatch(&wheel(tags)), Some(expected), "{target}: {tags}");
    }
}

#[test]
fn platforms_of_images_have_an_architecture() {
    for architecture in Architecture::ALL {
        assert_eq!(Architecture::of_platform(architecture.platform()), Ok(architecture));
    }
    assert_eq!(Architecture::of_platform("linux/arm64/v8"), Ok(Architecture::Aarch64));
    let error = Architecture::of_platform("windows/amd64").unwrap_err().to_string();
    assert!(
        error.starts_with("Python wheels know no platform `windows/amd64`; there are `linux/amd64`"),
        "{error}"
    );
}

#[test]
fn a_name_may_repeat_its_tags_as_often_as_it_likes() {
    let many = |tags: &[&str]| vec![tags.join("."); 300].join(".");
    let name = format!(
        "x-1-{}-{}-{}.whl",
        many(&["cp312", "py3"]),
        many(&["none", "abi3"]),
        many(&["any", "manylinux_2_17_x86_64"])
    );
    let wheel = WheelName::parse(&name).unwrap();
    let python = Python { major: 3, minor: 12, patch: None, free_threaded: false };
    let libc = Libc::Glibc { major: 2, minor: 36 };
    let tags = Tags::of(&Target { python, architecture: Architecture::X86_64, libc });
    let once = WheelName::parse("x-1-cp312.py3-none.abi3-any.manylinux_2_17_x86_64.whl").unwrap();
    assert_eq!(tags.rank(&wheel), tags.rank(&once));
}
