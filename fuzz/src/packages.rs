//! Wheels and conda packages, unpacked into a folder.

use std::cell::RefCell;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use pybuild::install;
use sha2::{Digest, Sha256};

use crate::archives::{Member, Values, Zip, bzip2, zstd};
use crate::tree::Place;

const METADATA: &[u8] = b"Metadata-Version: 2.1\nName: demo\nVersion: 1.0\n";
const WHEEL: &[u8] = b"Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n";

/// A wheel: as its bytes are if the first byte is odd, otherwise one of members that the bytes describe.
pub fn wheel(bytes: &[u8]) {
    thread_local! { static PLACE: RefCell<Place> = RefCell::new(Place::new("wheel")); }
    let Some((first, rest)) = bytes.split_first() else { return };
    let archive = if first & 1 == 1 { rest.to_vec() } else { drafted_wheel(rest) };
    PLACE.with_borrow(|place| {
        let file = place.input("demo-1.0-py3-none-any.whl", &archive);
        let unpack = |root: &Path| {
            let root = root.to_str().expect("a name");
            let fixed = [
                "--root",
                root,
                "--prefix",
                "/venv",
                "--python",
                "3.11",
                "--interpreter",
                "/venv/bin/python",
            ];
            let file = format!("{file}:-");
            let arguments = fixed.into_iter().chain(["--wheel", &file]);
            install::unpack::run(&arguments.map(str::to_owned).collect::<Vec<_>>())
        };
        twice(place, *first, unpack);
    });
}

/// A conda package: of either format, or as its bytes are.
pub fn conda(bytes: &[u8]) {
    thread_local! { static PLACE: RefCell<Place> = RefCell::new(Place::new("conda")); }
    let Some((first, rest)) = bytes.split_first() else { return };
    // Few are packed with bzip2: packing takes ten times as long as all the rest.
    let (name, archive) = match first % 16 {
        0 => ("demo-1.0-h0_0.conda", rest.to_vec()),
        1 => ("demo-1.0-h0_0.tar.bz2", rest.to_vec()),
        2 => {
            let (info, files) = drafted_conda(rest);
            ("demo-1.0-h0_0.tar.bz2", bzip2(&[info, files, vec![0; 1024]].concat()))
        }
        _ => {
            let (info, files) = drafted_conda(rest);
            let end = vec![0; 1024];
            let mut zip = Zip::new();
            let members = [
                ("metadata.json", br#"{"conda_pkg_format_version": 2}"#.to_vec()),
                ("info-demo-1.0-h0_0.tar.zst", zstd(&[info, end.clone()].concat())),
                ("pkg-demo-1.0-h0_0.tar.zst", zstd(&[files, end].concat())),
            ];
            for (name, content) in members {
                zip.add(&plain(name.as_bytes()), &content);
            }
            ("demo-1.0-h0_0.conda", zip.finish())
        }
    };
    PLACE.with_borrow(|place| {
        let file = place.input(name, &archive);
        let unpack = |root: &Path| {
            let root = root.to_str().expect("a name");
            let file = format!("{file}:-");
            let fixed = ["--root", root, "--prefix", "/venv", "--python", "3.12", "--package", &file];
            install::conda::run(&fixed.map(str::to_owned))
        };
        twice(place, *first, unpack);
        std::fs::remove_file(&file).expect("a file");
    });
}

/// Unpacks, and now and then a second time: the same comes out.
fn twice(place: &Place, first: u8, unpack: impl Fn(&Path) -> Result<(), install::ToolError>) {
    let root = place.root("out");
    let result = unpack(&root).map_err(|error| error.to_string());
    let found = place.checked(&root, result.is_ok());
    if first & 0x30 == 0 {
        let other = place.root("again");
        let again = unpack(&other).map_err(|error| error.to_string());
        if result.is_ok() {
            assert_eq!(found, place.checked(&other, true), "one archive, two trees");
        }
        // The whole path: a member of the archive can have `/again` in its name.
        let (ours, theirs) = (root.display().to_string(), other.display().to_string());
        let same = again.map_err(|error| error.replace(&theirs, &ours));
        assert_eq!(result, same, "one archive, two answers");
        // Emptied, so that it does not stay as large as it may be.
        place.root("again");
    }
}

fn plain(name: &[u8]) -> Member<'_> {
    Member { name, local_name: name, mode: 0o100_644, flags: 0, method: 0, larger: 0 }
}

fn drafted_wheel(bytes: &[u8]) -> Vec<u8> {
    let mut values = Values(bytes);
    let mut zip = Zip::new();
    let mut record = String::new();
    let mut row = |name: &[u8], content: &[u8]| {
        let hash = URL_SAFE_NO_PAD.encode(Sha256::digest(content));
        let name = String::from_utf8_lossy(name);
        let name = if name.contains(',') { format!("\"{name}\"") } else { name.into_owned() };
        record.push_str(&format!("{name},sha256={hash},{}\n", content.len()));
    };
    for (name, content) in [("demo-1.0.dist-info/METADATA", METADATA), ("demo-1.0.dist-info/WHEEL", WHEEL)] {
        zip.add(&plain(name.as_bytes()), content);
        row(name.as_bytes(), content);
    }
    if values.byte() & 1 == 1 {
        let length = usize::from(values.byte());
        let content = [b"[console_scripts]\n", values.bytes(length)].concat();
        zip.add(&plain(b"demo-1.0.dist-info/entry_points.txt"), &content);
        row(b"demo-1.0.dist-info/entry_points.txt", &content);
    }
    for _ in 0..12 {
        if values.is_done() {
            break;
        }
        let name = values.path();
        let length = usize::from(values.byte() % 32);
        let content = values.bytes(length);
        let mut member = plain(&name);
        let kinds = [0o100_755, 0o120_777, 0o040_755, 0o020_644, 0o104_755];
        let odd = values.byte();
        let other = b"demo/other.py".to_vec();
        match odd {
            200..=219 => member.mode = kinds[usize::from(odd) % kinds.len()],
            220..=229 => member.local_name = &other,
            230..=239 => member.flags = 1 << (odd % 16),
            240..=247 => member.method = 8,
            248..=255 => member.larger = u32::from(odd) << 20,
            _ => {}
        }
        zip.add(&member, content);
        row(&name, content);
    }
    record.push_str("demo-1.0.dist-info/RECORD,,\n");
    zip.add(&plain(b"demo-1.0.dist-info/RECORD"), record.as_bytes());
    zip.finish()
}

fn entry(kind: tar::EntryType, path: &[u8], target: &[u8], content: &[u8], mode: u32) -> Vec<u8> {
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mtime(1_600_000_000);
    header.set_mode(mode);
    header.set_size(content.len() as u64);
    // Written as they are: the crate itself refuses names that lead elsewhere.
    let old = header.as_old_mut();
    let (path, target) = (&path[..path.len().min(99)], &target[..target.len().min(99)]);
    old.name[..path.len()].copy_from_slice(path);
    old.linkname[..target.len()].copy_from_slice(target);
    header.set_cksum();
    let mut bytes = header.as_bytes().to_vec();
    bytes.extend(content);
    bytes.resize(bytes.len().div_ceil(512) * 512, 0);
    bytes
}

/// The entries of the metadata and those of the files.
fn drafted_conda(bytes: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let mut values = Values(bytes);
    let mut files = Vec::new();
    let mut paths = Vec::new();
    for _ in 0..12 {
        if values.is_done() {
            break;
        }
        let name = values.path();
        let kind = values.byte();
        let length = usize::from(values.byte() % 32);
        let content = values.bytes(length);
        let (kind, target, content) = match kind {
            0..=120 => (tar::EntryType::Regular, Vec::new(), content),
            121..=180 => (tar::EntryType::Symlink, values.path(), &[][..]),
            181..=215 => (tar::EntryType::Link, values.path(), &[][..]),
            216..=235 => (tar::EntryType::Directory, Vec::new(), &[][..]),
            236..=239 => (tar::EntryType::Char, Vec::new(), &[][..]),
            240..=243 => (tar::EntryType::Fifo, Vec::new(), &[][..]),
            244..=247 => (tar::EntryType::XHeader, Vec::new(), content),
            248..=251 => (tar::EntryType::GNULongName, Vec::new(), content),
            _ => (tar::EntryType::new(kind), Vec::new(), content),
        };
        let mode = if values.byte() > 240 { 0o6755 } else { 0o755 };
        files.extend(entry(kind, &name, &target, content, mode));
        let path_type = match kind {
            tar::EntryType::Symlink => "softlink",
            tar::EntryType::Directory => "directory",
            _ => "hardlink",
        };
        let listed = serde_json::json!({ "_path": String::from_utf8_lossy(&name), "path_type": path_type });
        paths.push(listed);
    }
    let noarch = if values.byte() & 1 == 1 { Some("python") } else { None };
    let index = serde_json::json!({
        "name": "demo", "version": "1.0", "build": "h0_0", "build_number": 0, "depends": [], "noarch": noarch,
    });
    let paths = serde_json::json!({ "paths_version": 1, "paths": paths });
    let mut info =
        entry(tar::EntryType::Regular, b"info/index.json", b"", index.to_string().as_bytes(), 0o644);
    info.extend(entry(tar::EntryType::Regular, b"info/paths.json", b"", paths.to_string().as_bytes(), 0o644));
    (info, files)
}
