//! All refusals of a wheel, with the message for the user.

use std::fs;

use sha2::Digest;

use super::drafts::{Call, DIST_INFO, Draft, Member, SITE, install};

const FILE: &str = "demo-1.0-py3-none-any.whl";
const ATTACK: &str =
    "this can be an attack: do not use this version, and tell the package's maintainers and the index";
const DAMAGE: &str =
    "the wheel was built or stored wrongly: pin another version, and tell the package's maintainers";
const FORMAT: &str = "the wheel breaks the wheel format: pin another version, or let it be built from its \
                      sources; tell the package's maintainers";

fn check(name: &str, draft: Draft, message: &str, help: &str) {
    let error = install(&[draft]).expect_err(name);
    assert_eq!(error, format!("cannot install `{FILE}`: {message}\n  help: {help}"), "case `{name}`");
}

fn member(change: impl Fn(&mut Member)) -> Draft {
    let mut member = Member::new("demo/x.py", b"x = 2\n");
    change(&mut member);
    Draft::demo().member(member)
}

#[test]
fn members_whose_names_lead_elsewhere() {
    let cases = [
        ("../x.py", "the member `../x.py` leads out of the environment with `..`"),
        ("demo/../../x.py", "the member `demo/../../x.py` leads out of the environment with `..`"),
        ("demo/..", "the member `demo/..` has no name in its path"),
        ("../", "the member `../` leads out of the environment with `..`"),
        ("/etc/passwd", "the member `/etc/passwd` has an absolute path"),
        ("demo/x\0.py", "the member `demo/x\\u{0}.py` has a control character in its name"),
        ("demo/\u{1b}[2J", "the member `demo/\\u{1b}[2J` has a control character in its name"),
        ("./", "the member `./` has no name in its path"),
        ("", "the member `` has no name in its path"),
        (
            "demo-1.0.data/../x.py",
            "the member `demo-1.0.data/../x.py` leads out of the environment with `..`",
        ),
    ];
    for (name, message) in cases {
        check(name, Draft::demo().with(name, b""), message, ATTACK);
    }
    let encoding = member(|member| member.name = b"demo/\xff.py".to_vec());
    check("encoding", encoding, "the member `demo/\u{fffd}.py` has a name that is not UTF-8", ATTACK);
    let data = Draft::demo().with("demo-1.0.data/data/../../x", b"");
    check(
        "data",
        data,
        "the member `demo-1.0.data/data/../../x` leads out of the environment with `..`",
        ATTACK,
    );
}

#[test]
fn links_that_lead_out_of_the_wheel() {
    for target in ["/etc/passwd", "../../x", "a/../../../x"] {
        let draft =
            Draft::demo().member(Member { mode: 0o120_777, ..Member::new("demo/x.py", target.as_bytes()) });
        let message =
            format!("the member `demo/x.py` is a link to `{target}`, which is outside of the wheel");
        check(target, draft, &message, ATTACK);
    }
}

#[test]
fn members_that_two_readers_would_see_differently() {
    let mut twice = Draft::demo();
    twice.members.push(Member::new("demo/__init__.py", b"y\n"));
    check("twice", twice, "the member `demo/__init__.py` is there twice, with different contents", ATTACK);
    let other = member(|member| member.local_name = Some(b"demo/y.py".to_vec()));
    let message = "the member `demo/x.py` has another name in its own header than in the archive's directory";
    check("local name", other, message, ATTACK);
    let inner = Member { method: 0, inside: true, ..Member::new("demo/inner.py", b"y = 1\n") };
    let content = [inner.header(), inner.content.clone()].concat();
    let outer = Member { method: 0, ..Member::new("demo/outer.bin", &content) };
    let overlap = Draft::demo().member(outer).member(inner);
    check(
        "overlap",
        overlap,
        "the members `demo/outer.bin` and `demo/inner.py` overlap in the archive",
        ATTACK,
    );
    let fewer = Draft { more: 1, ..Draft::demo() };
    check("count", fewer, "the archive says that it has 5 members, and has 4", DAMAGE);
}

#[test]
fn members_that_cannot_be_read() {
    check("encrypted", member(|member| member.flags = 1), "the member `demo/x.py` is encrypted", FORMAT);
    let message = "the member `demo/x.py` is compressed with method 14; wheels use 0 (stored), 8 (deflate) and 93 (zstd)";
    check("method", member(|member| member.method = 14), message, FORMAT);
    let stored = |bytes: &'static [u8]| member(move |member| member.stored = Some(bytes.to_vec()));
    check(
        "garbage",
        stored(b"\xff\xff\xff"),
        "the member `demo/x.py` does not unpack: deflate decompression error: invalid block type",
        DAMAGE,
    );
    check("cut", stored(b"\xab"), "the member `demo/x.py` does not unpack: its data end too early", DAMAGE);
    let record =
        Draft::demo().member(Member { crc: Some(1), ..Member::new(&format!("{DIST_INFO}/WHEEL"), b"") });
    let message = format!("the member `{DIST_INFO}/WHEEL` does not unpack: its checksum is wrong");
    check("checksum", record, &message, DAMAGE);
    for method in [0, 8] {
        let draft = member(move |member| (member.method, member.crc) = (method, Some(1)));
        let message = "the member `demo/x.py` does not unpack: its checksum is wrong";
        check("checksum of a file", draft, message, DAMAGE);
    }
}

#[test]
fn members_of_other_sizes_than_declared() {
    let sized = |size: u64| member(|member| member.size = Some(size));
    check("more", sized(5), "the member `demo/x.py` unpacks to more bytes, but 5 are declared", ATTACK);
    check("less", sized(7), "the member `demo/x.py` unpacks to 6 bytes, but 7 are declared", ATTACK);
    let stored = member(|member| (member.method, member.size) = (0, Some(7)));
    check("stored", stored, "the member `demo/x.py` unpacks to 6 bytes, but 7 are declared", ATTACK);
    let message = "`demo/x.py` unpacks to 8589934593 bytes, and 8589934592 is the most that is allowed";
    check("member", sized((8 << 30) + 1), message, ATTACK);
    let mut wheel = Draft::demo();
    for index in 0..3 {
        let name = format!("demo/{index}");
        wheel = wheel.member(Member { size: Some(6 << 30), ..Member::new(&name, b"") });
    }
    let message = "`the wheel` unpacks to 19327353395 bytes, and 268435456 is the most that is allowed";
    check("wheel", wheel, message, ATTACK);
    let metadata = Member { size: Some(65 << 20), ..Member::new(&format!("{DIST_INFO}/WHEEL"), b"") };
    let message =
        format!("`{DIST_INFO}/WHEEL` unpacks to 68157440 bytes, and 16777216 is the most that is allowed");
    check("metadata", Draft::demo().member(metadata), &message, ATTACK);
}

#[test]
fn wheels_without_what_a_wheel_has() {
    let info = |file: &str| format!("{DIST_INFO}/{file}");
    let no_record = Draft::demo().record(|_| String::new());
    check("RECORD", no_record, "`demo-1.0.dist-info/RECORD` is missing", FORMAT);
    check("WHEEL", Draft::demo().without(&info("WHEEL")), "`demo-1.0.dist-info/WHEEL` is missing", FORMAT);
    check(
        "METADATA",
        Draft::demo().without(&info("METADATA")),
        "`demo-1.0.dist-info/METADATA` is missing",
        FORMAT,
    );
    let two = Draft::demo().with("b-1.dist-info/METADATA", b"");
    check("two", two, "it has 2 `.dist-info` directories, and must have one", FORMAT);
    let encoding = Draft::demo().with(&info("WHEEL"), b"\xff");
    check("encoding", encoding, "`demo-1.0.dist-info/WHEEL` is not UTF-8", FORMAT);
    let other = Draft { file: FILE.to_owned(), ..Draft::of("demo", "1.1") };
    let message = "the file name says `demo 1.0`, but `demo-1.1.dist-info/METADATA` says `demo 1.1`";
    check("version", other, message, FORMAT);
    let other = Draft { file: FILE.to_owned(), ..Draft::of("evil", "1.0") };
    check("name", other, "the file name says `demo 1.0`, but `evil-1.0.dist-info` says `evil 1.0`", FORMAT);
    let metadata = Draft::demo().with(&info("METADATA"), b"Name: evil\nVersion: 1.0\n");
    let message = "the file name says `demo 1.0`, but `demo-1.0.dist-info/METADATA` says `evil 1.0`";
    check("METADATA name", metadata, message, FORMAT);
    let entries = Draft::demo().with(&info("entry_points.txt"), b"[console_scripts]\na = b\n");
    let message = "line 2 of `demo-1.0.dist-info/entry_points.txt` does not say which function `a` calls: `b` is not \
                   `MODULE:FUNCTION`";
    check("entry points", entries, message, FORMAT);
    let version = "choose a version of the package whose wheel follows the wheel format 1";
    let newer = Draft::demo().with(&info("WHEEL"), b"Wheel-Version: 2.0\n");
    check("format", newer, "it is in version 2.0 of the wheel format, and 1 is known", version);
    let error = install(&[Draft { file: "demo-1.0.whl".to_owned(), ..Draft::demo() }]).unwrap_err();
    let message = "the file name is not `NAME-VERSION-PYTHON-ABI-PLATFORM.whl`";
    assert_eq!(error, format!("cannot install `demo-1.0.whl`: {message}\n  help: {version}"));
}

#[test]
fn members_that_would_take_each_others_place() {
    let folder = Draft::demo().with("demo/x", b"").with("demo/x/y.py", b"");
    check("folder", folder, "`lib/python3.11/site-packages/demo/x` would be a file and a directory", FORMAT);
    let part = Draft::demo().with("demo-1.0.data/stuff/x", b"");
    let message = "the member `demo-1.0.data/stuff/x` is in no known part of `.data` (purelib, platlib, headers, \
                   scripts, data)";
    check("part", part, message, FORMAT);
    let reserved = |place: &str| format!("`{place}` would replace a file of the environment itself");
    for (member, place) in [
        ("scripts/python", "bin/python"),
        ("data/bin/python3.11", "bin/python3.11"),
        ("data/pyvenv.cfg", "pyvenv.cfg"),
        ("data/lib64", "lib64"),
        ("data/bin", "bin"),
        ("data/lib", "lib"),
        ("data/lib/python3.11", "lib/python3.11"),
        ("data/lib/python3.11/site-packages", "lib/python3.11/site-packages"),
        ("data/bin/activate", "bin/activate"),
        ("scripts/activate", "bin/activate"),
        ("data/conda-meta/history", "conda-meta/history"),
    ] {
        let draft = Draft::demo().with(&format!("demo-1.0.data/{member}"), b"");
        check(member, draft, &reserved(place), ATTACK);
    }
    let command =
        Draft::demo().with(&format!("{DIST_INFO}/entry_points.txt"), b"[console_scripts]\npython3 = a:b\n");
    check("command", command, &reserved("bin/python3"), ATTACK);
}

#[test]
fn wheels_that_do_not_go_together() {
    let message = "cannot install `A-2.0-py3-none-any.whl`: `a-1.0-py3-none-any.whl` is of the same package\n  \
                   help: a package can be installed once: keep one of the two in the lock";
    assert_eq!(install(&[Draft::of("a", "1.0"), Draft::of("A", "2.0")]).unwrap_err(), message);
}

/// The digests are those of the `sha2` crate for the same bytes.
#[test]
fn a_file_is_held_to_the_stronger_hashes_as_well() {
    let wheels = tempfile::tempdir().unwrap();
    let path = wheels.path().join(FILE);
    let bytes = Draft::demo().build();
    fs::write(&path, &bytes).unwrap();
    let hexadecimal =
        |digest: &[u8]| digest.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat();
    let right = [
        ("sha384", hexadecimal(&sha2::Sha384::digest(&bytes))),
        ("sha512", hexadecimal(&sha2::Sha512::digest(&bytes))),
    ];
    for (algorithm, digest) in right {
        let wheel = format!("{}:{algorithm}={digest}", path.display());
        assert!(Call { wheels: &[], suffix: "", more: &["--wheel", &wheel] }.run().is_ok(), "{algorithm}");
        let wrong = "0".repeat(digest.len());
        let wheel = format!("{}:{algorithm}={wrong}", path.display());
        let error = Call { wheels: &[], suffix: "", more: &["--wheel", &wheel] }.run().unwrap_err();
        let expected = format!("its {algorithm} is {digest}, but the lock says {wrong}");
        assert!(error.contains(&expected), "{error}");
    }
    let wheel = format!("{}:md5={}", path.display(), "0".repeat(32));
    assert!(Call { wheels: &[], suffix: "", more: &["--wheel", &wheel] }.run().is_err());
}

#[test]
fn another_file_than_the_locked_one() {
    let wheels = tempfile::tempdir().unwrap();
    let path = wheels.path().join(FILE);
    fs::write(&path, Draft::demo().build()).unwrap();
    let hash = "0".repeat(64);
    let wheel = format!("{}:{hash}", path.display());
    let error = Call { wheels: &[], suffix: "", more: &["--wheel", &wheel] }.run().unwrap_err();
    let (start, rest) = error.split_once("its sha256 is ").unwrap();
    assert_eq!(start, format!("cannot install `{FILE}`: "));
    assert_eq!(
        rest.split_at(64).1,
        format!(
            ", but the lock says {hash}\n  help: the index serves another file than was locked: lock again, and if \
             that changes nothing, ask who runs the index"
        )
    );
    fs::write(&path, b"<html>not found</html>").unwrap();
    let wheel = format!("{}:-", path.display());
    let error = Call { wheels: &[], suffix: "", more: &["--wheel", &wheel] }.run().unwrap_err();
    assert_eq!(
        error,
        format!(
            "cannot install `{FILE}`: the archive is damaged: missing end of central directory\n  help: {DAMAGE}"
        )
    );
}

#[test]
fn places_of_the_base_that_are_in_the_way() {
    let out = tempfile::tempdir().unwrap();
    fs::create_dir(out.path().join("elsewhere")).unwrap();
    std::os::unix::fs::symlink("elsewhere", out.path().join("venv")).unwrap();
    let call = Call { wheels: &[Draft::demo()], suffix: "", more: &[] };
    assert_eq!(
        call.run_in(&out).unwrap_err(),
        "`/venv` is a link where a directory is needed; choose another base image or another place"
    );
    let out = tempfile::tempdir().unwrap();
    fs::create_dir_all(out.path().join(SITE).join("demo/__init__.py")).unwrap();
    assert_eq!(
        call.run_in(&out).unwrap_err(),
        format!("`/{SITE}/demo/__init__.py` is a directory where a file is to be made")
    );
}

#[test]
fn arguments_that_make_no_sense() {
    let cases: [(&[&str], &str); 5] = [
        (&["--wheel", "x.whl"], "`x.whl` is not PATH:SHA256 or PATH:SHA256:requested"),
        (&["--wheel", "x.whl:abc"], "`x.whl:abc` is not PATH:SHA256 or PATH:SHA256:requested"),
        (&["--direct-url", "{}"], "`--direct-url` stands before any `--wheel`"),
        (&["--wheel"], "`--wheel` has no value"),
        (&["--what", "x"], "`--what` is no option"),
    ];
    for (more, message) in cases {
        let error = Call { wheels: &[], suffix: "", more }.run().unwrap_err();
        assert_eq!(error, format!("`pybuild tool` was called wrongly: {message}"));
    }
}
