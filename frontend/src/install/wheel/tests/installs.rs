//! The files of an installed wheel.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::super::hash::Hash;
use super::drafts::{Call, DIST_INFO, Draft, Member, SITE, install};
use crate::install::tree::EPOCH;

/// All files and folders below a folder: mode, time and content.
fn listing(root: &Path) -> BTreeMap<String, (u32, i64, Vec<u8>)> {
    let mut found = BTreeMap::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let facts = fs::symlink_metadata(&path).unwrap();
            let content = if facts.is_dir() { Vec::new() } else { fs::read(&path).unwrap() };
            if facts.is_dir() {
                folders.push(path.clone());
            }
            let name = path.strip_prefix(root).unwrap().display().to_string();
            found.insert(name, (facts.mode() & 0o7777, facts.mtime(), content));
        }
    }
    found
}

fn text(root: &Path, path: &str) -> String {
    fs::read_to_string(root.join(path)).unwrap()
}

fn full() -> Draft {
    let executable = Member { mode: 0o100_755, ..Member::new("demo/tool", b"binary") };
    let stored = Member { method: 0, ..Member::new("demo/stored.txt", b"as it is") };
    Draft::demo()
        .member(executable)
        .member(stored)
        .with("demo/empty.py", b"")
        .with("demo-1.0.data/scripts/old", b"#!python -E\nprint(1)\n")
        .with("demo-1.0.data/scripts/native", b"\x7fELF#!python")
        .with("demo-1.0.data/scripts/new-script.py", b"#!python\n")
        .with("demo-1.0.data/data/share/demo, more/x", b"data")
        .with("demo-1.0.data/headers/demo.h", b"int x;")
        .with(&format!("{DIST_INFO}/entry_points.txt"), b"[console_scripts]\nnew = demo.cli:main [x]\n")
        .with(&format!("{DIST_INFO}/licenses/LICENSE"), b"free")
        .with(&format!("{DIST_INFO}/INSTALLER"), b"somebody")
        .with(&format!("{DIST_INFO}/RECORD.jws"), b"{}")
}

#[test]
fn of_a_file_that_two_packages_bring_the_last_ones_is_kept() {
    let one = Draft::of("a", "1.0").with("tests/__init__.py", b"a");
    let two = Draft::of("b", "1.0").with("tests/__init__.py", b"b");
    for (wheels, kept) in [([one.clone(), two.clone()], "b"), ([two, one], "a")] {
        let out = install(&wheels).unwrap();
        assert_eq!(text(out.path(), &format!("{SITE}/tests/__init__.py")), kept);
        // Each file keeps the row of its own RECORD, as with pip and uv.
        for (name, content) in [("a", b"a"), ("b", b"b")] {
            let row = format!("tests/__init__.py,{},1\n", Hash::of(content).render());
            assert!(
                text(out.path(), &format!("{SITE}/{name}-1.0.dist-info/RECORD")).contains(&row),
                "{name}"
            );
        }
    }
}

#[test]
fn every_part_of_a_wheel_is_where_python_expects_it() {
    let url = "{\"url\":\"file:///src\",\"dir_info\":{}}";
    let more = ["--direct-url", url];
    let out = Call { wheels: &[full()], suffix: ":requested", more: &more }.run().unwrap();
    let root = out.path();
    assert_eq!(text(root, "venv/bin/old"), "#!/venv/bin/python\nprint(1)\n");
    assert_eq!(text(root, "venv/bin/native"), "\x7fELF#!python");
    assert_eq!(
        text(root, "venv/bin/new"),
        "#!/venv/bin/python\nimport sys\n\nfrom demo.cli import main\n\nif __name__ == \"__main__\":\n    sys.exit(main())\n"
    );
    assert!(!root.join("venv/bin/new-script.py").exists());
    assert_eq!(text(root, "venv/include/site/python3.11/demo/demo.h"), "int x;");
    assert_eq!(text(root, &format!("{SITE}/{DIST_INFO}/INSTALLER")), "pybuild\n");
    assert_eq!(text(root, &format!("{SITE}/{DIST_INFO}/REQUESTED")), "");
    assert_eq!(text(root, &format!("{SITE}/{DIST_INFO}/direct_url.json")), url);
    assert_eq!(text(root, &format!("{SITE}/{DIST_INFO}/RECORD.jws")), "{}");
    let record = text(root, &format!("{SITE}/{DIST_INFO}/RECORD"));
    let paths: Vec<_> = record.lines().map(|line| line.rsplitn(3, ',').last().unwrap()).collect();
    assert_eq!(
        paths,
        [
            "../../../bin/native",
            "../../../bin/new",
            "../../../bin/old",
            "../../../include/site/python3.11/demo/demo.h",
            "\"../../../share/demo, more/x\"",
            "demo-1.0.dist-info/INSTALLER",
            "demo-1.0.dist-info/METADATA",
            "demo-1.0.dist-info/RECORD",
            "demo-1.0.dist-info/RECORD.jws",
            "demo-1.0.dist-info/REQUESTED",
            "demo-1.0.dist-info/WHEEL",
            "demo-1.0.dist-info/direct_url.json",
            "demo-1.0.dist-info/entry_points.txt",
            "demo-1.0.dist-info/licenses/LICENSE",
            "demo/__init__.py",
            "demo/empty.py",
            "demo/stored.txt",
            "demo/tool",
        ]
    );
    for line in record.lines().filter(|line| !line.ends_with(",,")) {
        let mut fields = line.rsplitn(3, ',');
        let (size, hash) = (fields.next().unwrap(), fields.next().unwrap());
        let content = fs::read(root.join(SITE).join(fields.next().unwrap().trim_matches('"'))).unwrap();
        assert_eq!(
            (hash, size),
            (Hash::of(&content).render().as_str(), content.len().to_string().as_str()),
            "{line}"
        );
    }
}

#[test]
fn modes_and_times_are_the_same_everywhere() {
    let out = install(&[full()]).unwrap();
    for (path, (mode, time, _)) in listing(out.path()) {
        let executable =
            out.path().join(&path).is_dir() || path.starts_with("venv/bin/") || path.ends_with("demo/tool");
        assert_eq!(mode, if executable { 0o755 } else { 0o644 }, "{path}");
        assert_eq!(time, i64::from(EPOCH), "{path}");
    }
    let other = Call { wheels: &[full()], suffix: "", more: &["--epoch", "0"] }.run().unwrap();
    assert!(listing(other.path()).values().all(|(_, time, _)| *time == 0));
}

#[test]
fn the_result_does_not_depend_on_the_order_or_the_run() {
    let wheels: Vec<_> = ('a'..='h')
        .map(|letter| {
            let name = letter.to_string();
            let large = vec![letter as u8; 300_000];
            let shared = if letter < 'e' { 0o100_644 } else { 0o100_755 };
            Draft::of(&name, "1.0")
                .with(&format!("{name}/large.bin"), &large)
                .member(Member { mode: shared, ..Member::new("shared/__init__.py", b"# a namespace\n") })
                .with(&format!("{name}-1.0.data/scripts/{name}"), b"#!python\n")
        })
        .collect();
    let reversed: Vec<_> = wheels.iter().rev().cloned().collect();
    let expected = listing(install(&wheels).unwrap().path());
    assert_eq!(expected[&format!("{SITE}/shared/__init__.py")].0, 0o755);
    assert_eq!(expected, listing(install(&wheels).unwrap().path()));
    assert_eq!(expected, listing(install(&reversed).unwrap().path()));
}

#[test]
fn what_was_there_is_left_alone() {
    let out = tempfile::tempdir().unwrap();
    let site = out.path().join(SITE);
    fs::create_dir_all(site.join("other")).unwrap();
    fs::create_dir_all(site.join("demo")).unwrap();
    fs::write(site.join("other/x.py"), "x").unwrap();
    fs::write(site.join("demo/__init__.py"), "an older version").unwrap();
    let before = listing(out.path());
    let call = Call { wheels: &[Draft::demo()], suffix: "", more: &[] };
    call.run_in(&out).unwrap();
    let mut after = listing(out.path());
    let replaced = after.remove(&format!("{SITE}/demo/__init__.py")).unwrap();
    assert_eq!(replaced, (0o644, i64::from(EPOCH), b"x = 1\n".to_vec()));
    for (path, facts) in before.iter().filter(|(path, _)| !path.ends_with("demo/__init__.py")) {
        assert_eq!(after.get(path), Some(facts), "{path}");
    }
    assert!(after.len() > before.len());
}

#[test]
fn a_large_member_is_checked_piece_by_piece() {
    // The size is larger than every buffer, and not a multiple of a buffer size.
    let content: Vec<u8> =
        (0..100_003u32).flat_map(|number| number.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
    let stored = Member { method: 0, ..Member::new("demo/stored.bin", &content) };
    let script = [b"#!python\n".to_vec(), content.clone()].concat();
    let draft = Draft::demo()
        .with("demo/large.bin", &content)
        .member(stored)
        .with("demo-1.0.data/scripts/large", &script);
    let out = install(&[draft]).unwrap();
    let read = |path: &str| fs::read(out.path().join(path)).unwrap();
    assert!(read(&format!("{SITE}/demo/large.bin")) == content);
    assert!(read(&format!("{SITE}/demo/stored.bin")) == content);
    assert!(read("venv/bin/large") == [b"#!/venv/bin/python\n".to_vec(), content].concat());
}

#[test]
fn a_wheel_that_was_built_here_is_found_in_its_folder() {
    let built = tempfile::tempdir().unwrap();
    let wheel = format!("{}:-", built.path().display());
    let call = Call { wheels: &[], suffix: "", more: &["--wheel", &wheel] };
    let none = call.run().unwrap_err();
    assert!(none.ends_with("has 0 wheels, and must have one"), "{none}");
    fs::write(built.path().join("demo-1.0-py3-none-any.whl"), Draft::demo().build()).unwrap();
    fs::write(built.path().join("demo-1.0.tar.gz"), "").unwrap();
    let out = call.run().unwrap();
    assert_eq!(text(out.path(), &format!("{SITE}/demo/__init__.py")), "x = 1\n");
    fs::write(built.path().join("demo-1.1-py3-none-any.whl"), "").unwrap();
    let two = call.run().unwrap_err();
    assert!(two.ends_with("has 2 wheels, and must have one"), "{two}");
}
