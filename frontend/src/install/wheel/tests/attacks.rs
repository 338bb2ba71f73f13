//! Malicious wheels: names with a special meaning in a layer, archives that two readers read differently, and
//! excessive numbers and sizes.

use std::fmt::Write as _;
use std::fs;

use super::drafts::{Call, DIST_INFO, Draft, Member, SITE, install};

fn refused(draft: &Draft) -> String {
    let error = install(std::slice::from_ref(draft)).expect_err("refused");
    let error = error.strip_prefix("cannot install `demo-1.0-py3-none-any.whl`: ").unwrap_or(&error);
    error.split_once("\n  help: ").unwrap_or((error, "")).0.to_owned()
}

/// The names are from the image specification, section "Whiteouts".
#[test]
fn names_that_remove_files_of_other_layers() {
    for name in [
        "demo-1.0.data/data/bin/.wh.python",
        "demo-1.0.data/scripts/.wh.python",
        "demo-1.0.data/purelib/.wh..wh..opq",
        ".wh.attacker-1.0.dist-info",
        ".wh.demo/x.py",
        "demo/.wh..wh..opq",
        "demo/.wh.",
    ] {
        let message = format!(
            "the member `{name}` has a part that begins with `.wh.`, which removes files from the layers below"
        );
        assert_eq!(refused(&Draft::demo().with(name, b"")), message);
    }
    let entry_points = format!("{DIST_INFO}/entry_points.txt");
    for command in [".wh.python", "x/.wh..wh..opq"] {
        let text = format!("[console_scripts]\n{command} = demo:main\n");
        let message =
            format!("line 2 of `{entry_points}` names a command `{command}`, which no file can be called");
        assert_eq!(refused(&Draft::demo().with(&entry_points, text.as_bytes())), message);
    }
    // The name in METADATA becomes the name of a folder for headers.
    for name in [".wh.demo", "..", "a/b", ""] {
        let file = if name == ".wh.demo" { "_wh_demo" } else { "_" };
        let metadata = format!("Name: {name}\nVersion: 1.0\n");
        let draft = Draft::of(file, "1.0")
            .with(&format!("{file}-1.0.dist-info/METADATA"), metadata.as_bytes())
            .with(&format!("{file}-1.0.data/headers/x.h"), b"");
        let error = install(&[draft]).unwrap_err();
        let message =
            format!("`Name` in `{file}-1.0.dist-info/METADATA` is `{name}`, which is no name of a package");
        assert!(error.contains(&message), "{error}");
    }
}

#[test]
fn headers_that_disagree_with_the_directory() {
    let own = "in its own header than in the archive's directory";
    let cases: [(usize, &[u8], &str); 6] = [
        (8, &[0, 0], "method of compression"),
        (6, &[1, 0], "encryption"),
        (14, &[1, 2, 3, 4], "checksum"),
        (18, &[1, 0, 0, 0], "size"),
        (22, &[1, 0, 0, 0], "size"),
        // Without a descriptor, the checksum of a member comes before the content.
        (14, &[0; 4], "checksum"),
    ];
    for (at, bytes, what) in cases {
        let local = Some((at, bytes.to_vec()));
        let draft = Draft::demo().member(Member { local, ..Member::new("demo/x.py", b"x = 2\n") });
        assert_eq!(refused(&draft), format!("the member `demo/x.py` has another {what} {own}"));
    }
}

/// The forms are from section 4.3.9 of PKWARE's APPNOTE.
#[test]
fn sizes_and_checksums_behind_the_content() {
    let content = b"x = 2\n";
    let plain = Member { flags: 8, local: Some((14, vec![0; 12])), ..Member::new("demo/x.py", content) };
    let crc = rawzip::crc32(content).to_le_bytes();
    let stored = u32::try_from(plain.stored().len()).unwrap();
    let small = [stored.to_le_bytes(), 6_u32.to_le_bytes()].concat();
    let large = [u64::from(stored).to_le_bytes(), 6_u64.to_le_bytes()].concat();
    for signature in [&b"PK\x07\x08"[..], b""] {
        for sizes in [&small, &large] {
            let behind = [signature, &crc, sizes].concat();
            let draft = Draft::demo().member(Member { behind, ..plain.clone() });
            let out = install(&[draft]).unwrap();
            assert_eq!(fs::read(out.path().join(SITE).join("demo/x.py")).unwrap(), content);
        }
    }
    let wrong = [&b"PK\x07\x08"[..], &crc, &[9; 8]].concat();
    let size = "the member `demo/x.py` has another size in its own header than in the archive's directory";
    assert_eq!(refused(&Draft::demo().member(Member { behind: wrong, ..plain.clone() })), size);
    assert_eq!(refused(&Draft::demo().member(plain.clone())), size);
    let long = "the archive has bytes between its members that belong to none, so that two readers could see two archives";
    assert_eq!(refused(&Draft::demo().member(Member { behind: vec![0; 40], ..plain })), long);
}

#[test]
fn bytes_that_belong_to_no_member() {
    let two = "so that two readers could see two archives";
    let around = |around: [&'static [u8]; 3]| Draft { around, ..Draft::demo() };
    let behind = Member { behind: b"PK".to_vec(), ..Member::new("demo/x.py", b"") };
    let cases = [
        (around([b"#!", b"", b""]), "has bytes before its first member"),
        (around([b"", b"PK", b""]), "has bytes between its members and its directory"),
        (around([b"", b"", b"more"]), "has bytes after its end"),
        (Draft::demo().member(behind), "has bytes between its members that belong to none"),
    ];
    for (draft, message) in cases {
        // RECORD comes after `x.py`, so `x.py` is not the last member.
        assert_eq!(refused(&draft), format!("the archive {message}, {two}"));
    }
    for larger in [1, u32::MAX] {
        let draft = Draft { larger: if larger == 1 { 1 } else { 1 << 20 }, ..Draft::demo() };
        let message = refused(&draft);
        assert!(message.starts_with("the archive "), "{message}");
    }
}

#[test]
fn more_than_any_package_has() {
    // 60 MB of rows once needed more than 4 GB of memory.
    let record = |text: String| Draft::demo().record(move |_| text.clone());
    let rows = refused(&record(",,\n".repeat(600_000)));
    assert_eq!(rows, "it has 524289 rows in RECORD, and 524288 is the most that is allowed");
    let long = refused(&record(format!("{},,\n", "x".repeat(20_000))));
    assert_eq!(long, format!("line 1 of `{DIST_INFO}/RECORD` has more than 16384 bytes"));
    let entry_points = format!("{DIST_INFO}/entry_points.txt");
    let mut text = "[console_scripts]\n".to_owned();
    for number in 0..20_000 {
        writeln!(text, "c{number} = a:b").unwrap();
    }
    let commands = refused(&Draft::demo().with(&entry_points, text.as_bytes()));
    assert_eq!(commands, "it has 16385 commands, and 16384 is the most that is allowed");
    let text = format!("[console_scripts]\na = b:{}\n", "c".repeat(20_000));
    let line = refused(&Draft::demo().with(&entry_points, text.as_bytes()));
    assert_eq!(line, format!("line 2 of `{entry_points}` has more than 16384 bytes"));
    for (name, reason) in [
        (format!("demo/{}", "a/".repeat(100)), "has a path of more than 100 parts"),
        (format!("demo/{}", "a".repeat(256)), "has a part of more than 255 bytes in its name"),
        (format!("demo/{}", "abcdefg/".repeat(500)), "has a path of more than 3500 bytes"),
    ] {
        let name = format!("{name}x");
        assert_eq!(refused(&Draft::demo().with(&name, b"")), format!("the member `{name}` {reason}"));
    }
    // A small archive that would write many bytes (a zip bomb).
    let zeros = Draft::demo().member(Member { size: Some(300 << 20), ..Member::new("demo/zeros", b"") });
    let message = refused(&zeros);
    assert!(message.ends_with("bytes, and 268435456 is the most that is allowed"), "{message}");
}

/// uv 0.13.9 refuses the version ("inconsistent version"), and also a local version that only the lock has.
/// The version of the file may have a local part that the lock does not have. uv does not compare the name of
/// the file, but pybuild does.
#[test]
fn a_file_is_the_package_that_the_lock_says() {
    let with = |draft: &Draft, package: &str| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(&draft.file);
        fs::write(&path, draft.build()).unwrap();
        let wheel = format!("{}:-", path.display());
        Call { wheels: &[], suffix: "", more: &["--wheel", &wheel, "--package", package] }.run().map(drop)
    };
    let help = "lock again; if that changes nothing, do not use this file: ask who runs the index, and the package's \
                maintainers";
    for (draft, package, found) in [
        (Draft::of("evil", "1.0"), "good==1.0", "evil 1.0"),
        (Draft::of("good", "2.0"), "good==1.0", "good 2.0"),
        (Draft::of("good", "1.0"), "good==1.0+local", "good 1.0"),
        (Draft::of("evil", "1.0"), "good", "evil 1.0"),
    ] {
        let said = package.replace("==", " ");
        let error = with(&draft, package).unwrap_err();
        let expected = format!(
            "cannot install `{}`: it is `{found}`, but the lock says `{said}`\n  help: {help}",
            draft.file
        );
        assert_eq!(error, expected);
    }
    for (draft, package) in [
        (Draft::of("good", "1.0"), "good==1.0"),
        (Draft::of("good", "1.0+local"), "good==1.0"),
        (Draft::of("Zope.Interface", "1.0"), "zope-interface==1"),
        (Draft::of("good", "2.0"), "good"),
    ] {
        assert_eq!(with(&draft, package), Ok(()), "{package}");
    }
}
