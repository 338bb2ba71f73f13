//! Wheels that break the format but are harmless. pip 26.3 and uv 0.13.9 install each of them (measured).
//! `tests/differential` compares the installed files.

use std::os::unix::fs::MetadataExt as _;

use super::drafts::{DIST_INFO, Draft, Member, SITE, install, notes_of};

/// Installs a wheel and returns the notes about it.
fn notes(name: &str, draft: &Draft) -> Vec<String> {
    install(std::slice::from_ref(draft)).expect(name);
    notes_of(draft)
}

#[test]
fn records_that_were_written_wrongly() {
    let row = Member::new("demo/__init__.py", b"x = 1\n").row();
    let other = Member::new("demo/__init__.py", b"x = 3\n").row();
    let with = |row: &str, new: &str| {
        let (row, new) = (row.to_owned(), new.to_owned());
        Draft::demo().record(move |text| text.replace(&row, &new))
    };
    let cases = [
        (
            with(&row, &format!("{row}demo/gone.py,,\n")),
            "RECORD lists files that are not in the archive: `demo/gone.py`",
        ),
        (with(&row, ""), "RECORD does not list: `demo/__init__.py`"),
        (with(&row, "demo/__init__.py,,\n"), "RECORD has no hash for: `demo/__init__.py`"),
        (
            with(&row, "demo/__init__.py,md5=1B2M2Y8AsgTpgAmY7PhCfg,6\n"),
            "RECORD has a hash that is no sha256, sha384 or sha512 for: `demo/__init__.py`",
        ),
        (
            with(&row, "demo/__init__.py,sha256=?,6\n"),
            "RECORD has a hash that cannot be read for: `demo/__init__.py`",
        ),
        (with(&row, &other), "RECORD has another hash than the file for: `demo/__init__.py`"),
        (
            with(&row, &row.replace(",6", ",7")),
            "RECORD has another size than the file for: `demo/__init__.py`",
        ),
        (with(&row, &format!("{row}{other}")), "RECORD has two rows that differ for: `demo/__init__.py`"),
        (
            with(&row, &format!("{row}demo\n")),
            "RECORD has lines that are not a path, a hash and a size: `line 4`",
        ),
    ];
    for (draft, note) in cases {
        let out = install(std::slice::from_ref(&draft)).expect(note);
        // Whatever the RECORD of the wheel says, the installed RECORD has the file with its hash, and no
        // missing file.
        let record = std::fs::read_to_string(out.path().join(SITE).join(DIST_INFO).join("RECORD")).unwrap();
        let listed: Vec<_> = record.lines().filter(|line| line.starts_with("demo/")).collect();
        assert_eq!(listed, [row.trim_end()], "{note}");
        assert!(notes_of(&draft).contains(&note.to_owned()), "{note}: {:?}", notes_of(&draft));
    }
    let absolute = Draft::demo().record(|text| text.replace("demo/__init__", "/demo/./__init__"));
    assert_eq!(notes("absolute rows, as in selenium 4.1.0", &absolute), Vec::<String>::new());
}

#[test]
fn names_and_members_that_are_unusual() {
    let entry_points = format!("{DIST_INFO}/entry_points.txt");
    let cases = [
        (
            Draft::demo().with("demo/X.py", b"1").with("demo/x.py", b"2"),
            "names differ by case alone, so that a file system without case keeps one of them: \
             `lib/python3.11/site-packages/demo/X.py`, `lib/python3.11/site-packages/demo/x.py`",
        ),
        (
            Draft::demo().with(&entry_points, b"[console_scripts]\nactivate = demo:main\n"),
            "a command takes the place of the environment's own script: `bin/activate`",
        ),
        (
            Draft::demo().with("demo-1.0.data/scripts/sh", b"#!python\n"),
            "commands are called in the place of the system's own, or of pip: `bin/sh`",
        ),
        (
            Draft::demo().with(&entry_points, b"[console_scripts]\npip = demo:main\n"),
            "commands are called in the place of the system's own, or of pip: `bin/pip`",
        ),
        (
            Draft::demo()
                .with("demo.pth", b"import demo\n")
                .with("demo-1.0.data/purelib/sitecustomize.py", b""),
            "Python runs files of it at every start: `demo.pth`, `sitecustomize.py`",
        ),
        (Draft::demo().with("demo\\x.py", b""), "a backslash is a part of the file's name: `demo\\x.py`"),
        (
            Draft::demo().with("./demo//a/../x.py", b""),
            "the archive has a path with `.`, `..` or `//` in it: `./demo//a/../x.py`",
        ),
        (
            Draft::demo().with("demo-1.0.data/purelib/demo/__init__.py", b"y\n"),
            "two files go to one place, and the one from `.data` is kept: \
             `lib/python3.11/site-packages/demo/__init__.py`",
        ),
        (
            Draft::demo()
                .with(&format!("{DIST_INFO}/METADATA"), b"Name: demo\nVersion: 1.0\nAuthor: J\xf6rg\n"),
            "the text is not UTF-8: `demo-1.0.dist-info/METADATA`",
        ),
    ];
    for (draft, note) in cases {
        assert!(notes(note, &draft).contains(&note.to_owned()), "{note}: {:?}", notes_of(&draft));
    }
}

#[test]
fn of_two_files_in_data_the_later_one_of_the_archive_is_kept() {
    // pip 26.3 installs the files in the order of the archive, with scripts at the end.
    for (first, last) in [("purelib", "platlib"), ("platlib", "purelib")] {
        let draft = Draft::demo()
            .with(&format!("demo-1.0.data/{first}/same.py"), b"first\n")
            .with(&format!("demo-1.0.data/{last}/same.py"), b"last\n");
        let out = install(&[draft]).unwrap();
        assert_eq!(std::fs::read(out.path().join(SITE).join("same.py")).unwrap(), b"last\n");
    }
    let draft = Draft::demo()
        .with("demo-1.0.data/scripts/same", b"script\n")
        .with("demo-1.0.data/data/bin/same", b"data\n");
    let out = install(&[draft]).unwrap();
    assert_eq!(std::fs::read(out.path().join("venv/bin/same")).unwrap(), b"script\n");
}

#[test]
fn members_that_say_they_are_no_files_are_files() {
    for (mode, note) in [
        (
            0o120_777,
            "a link is installed as a file with the target's path in it, as pip and uv install it: `demo/x`",
        ),
        (0o010_644, "a member that says it is no file is installed as one: `demo/x`"),
        (0o040_755, "a member that says it is no file is installed as one: `demo/x`"),
    ] {
        let draft = Draft::demo().member(Member { mode, ..Member::new("demo/x", b"../demo/__init__.py") });
        let out = install(std::slice::from_ref(&draft)).expect(note);
        let path = out.path().join(SITE).join("demo/x");
        assert!(path.symlink_metadata().unwrap().is_file(), "{note}");
        assert_eq!(std::fs::read(&path).unwrap(), b"../demo/__init__.py", "{note}");
        assert_eq!(notes_of(&draft), [note]);
    }
}

#[test]
fn what_is_there_twice_with_the_same_content() {
    let mut twice = Draft::demo();
    twice.members.push(Member::new("demo/__init__.py", b"x = 1\n"));
    assert_eq!(notes("twice", &twice), ["the archive has the same member twice: `demo/__init__.py`"]);
}

#[test]
fn versions_that_are_written_in_other_ways() {
    // As in wheels of torch, only the file name has the local part of the version.
    let local = Draft { file: "demo-1.0+cpu-py3-none-any.whl".to_owned(), ..Draft::demo() };
    let note = "the directory's name has another version than the file name: `demo-1.0.dist-info`";
    assert_eq!(notes("local", &local), [note]);
    let draft = Draft::demo().with(&format!("{DIST_INFO}/WHEEL"), b"Wheel-Version: 0.1\n");
    assert_eq!(notes("the draft of the format", &draft), Vec::<String>::new());
    let folded = Draft::demo().with(&format!("{DIST_INFO}/METADATA"), b"Name:\n demo\nVersion: 1.0\n");
    assert_eq!(notes("folded", &folded), Vec::<String>::new());
}

#[test]
fn members_in_zstandard() {
    // Two Zstandard frames in the form of RFC 8878: magic number, header, and a raw block each.
    let frame = |text: &[u8; 6]| [&b"\x28\xb5\x2f\xfd\x20\x06\x31\x00\x00"[..], text].concat();
    let stored = [frame(b"x = 1\n"), frame(b"y = 2\n")].concat();
    let member = Member { method: 93, stored: Some(stored), ..Member::new("demo/z.py", b"x = 1\ny = 2\n") };
    let out = install(&[Draft::demo().member(member)]).unwrap();
    assert_eq!(std::fs::read(out.path().join(SITE).join("demo/z.py")).unwrap(), b"x = 1\ny = 2\n");
}

#[test]
fn modes_are_read_whichever_system_is_named() {
    // Byte 5 of an entry in the central directory: 0 means DOS, 3 means Unix.
    let draft = Draft::demo().member(Member { mode: 0o100_755, ..Member::new("demo/tool", b"x") });
    let mut bytes = draft.build();
    let entries: Vec<_> = (0..bytes.len() - 4).filter(|at| bytes[*at..].starts_with(b"PK\x01\x02")).collect();
    for at in entries {
        bytes[at + 5] = 0;
    }
    let wheels = tempfile::tempdir().unwrap();
    let path = wheels.path().join(&draft.file);
    std::fs::write(&path, bytes).unwrap();
    let wheel = format!("{}:-", path.display());
    let out = super::drafts::Call { wheels: &[], suffix: "", more: &["--wheel", &wheel] }.run().unwrap();
    assert_eq!(out.path().join(SITE).join("demo/tool").metadata().unwrap().mode() & 0o777, 0o755);
}
