//! Files that packages of several layers bring.

use std::fs;

use tempfile::TempDir;

use super::drafts::{Draft, SITE, install};
use crate::install::venv;

/// What is made on top of layers, each of some wheels, for packages in this order of installation.
fn on_top(layers: &[&TempDir], order: &[&str]) -> Result<TempDir, String> {
    let out = tempfile::tempdir().unwrap();
    let root = out.path().to_str().unwrap();
    let mut arguments: Vec<&str> = vec!["--root", root, "--prefix", "/venv", "--python", "3.11"];
    arguments.extend(layers.iter().flat_map(|layer| ["--layer", layer.path().to_str().unwrap()]));
    arguments.extend(order.iter().flat_map(|name| ["--package", name]));
    let arguments: Vec<_> = arguments.into_iter().map(str::to_owned).collect();
    venv::run(&arguments).map_err(|error| error.to_string())?;
    Ok(out)
}

fn read(out: &TempDir, path: &str) -> Option<Vec<u8>> {
    fs::read(out.path().join(SITE).join(path)).ok()
}

#[test]
fn the_package_that_is_installed_last_has_the_say_whatever_the_order_of_the_layers() {
    let one = install(&[Draft::of("one", "1.0").with("x/a.py", b"one").with("x/same.py", b"=")]).unwrap();
    let two = install(&[Draft::of("Two", "1.0").with("x/a.py", b"two").with("x/same.py", b"=")]).unwrap();
    // The upper layer has the right one.
    for layers in [[&one, &two], [&two, &one]] {
        for order in [["one", "two"], ["two", "one"]] {
            let out = on_top(&layers, &order).unwrap();
            let top = if std::ptr::eq(layers[1], &one) { "one" } else { "two" };
            let expected = (order[1] != top).then(|| order[1].as_bytes().to_vec());
            assert_eq!(read(&out, "x/a.py"), expected, "{top} above, {order:?}");
            assert_eq!(read(&out, "x/same.py"), None);
        }
    }
}

#[test]
fn bytecode_comes_from_the_layer_of_its_source() {
    let one = install(&[Draft::of("one", "1.0").with("a.py", b"one").with("b.py", b"one")]).unwrap();
    let two = install(&[Draft::of("two", "1.0").with("a.py", b"two").with("b.py", b"two")]).unwrap();
    let cache = |layer: &TempDir, name: &str, text: &str| {
        let folder = layer.path().join(SITE).join("__pycache__");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join(name), text).unwrap();
    };
    cache(&one, "a.cpython-311.pyc", "code of one");
    cache(&two, "a.cpython-311.pyc", "code of two");
    // A module that could not be compiled has none.
    cache(&two, "b.cpython-311.pyc", "code of two");
    let out = on_top(&[&one, &two], &["two", "one"]).unwrap();
    assert_eq!(read(&out, "a.py").unwrap(), b"one");
    assert_eq!(read(&out, "__pycache__/a.cpython-311.pyc").unwrap(), b"code of one");
    assert_eq!(read(&out, "__pycache__/b.cpython-311.pyc").unwrap(), b"");
}

#[test]
fn commands_are_files_too_and_a_file_in_the_place_of_a_folder_is_refused() {
    let script = |name: &str| format!("{name}-1.0.data/scripts/run");
    let one = install(&[Draft::of("one", "1.0").with(&script("one"), b"#!python\n1")]).unwrap();
    let two = install(&[Draft::of("two", "1.0").with(&script("two"), b"#!python\n2")]).unwrap();
    let out = on_top(&[&one, &two], &["two", "one"]).unwrap();
    assert_eq!(fs::read(out.path().join("venv/bin/run")).unwrap(), b"#!/venv/bin/python\n1");
    let folder = install(&[Draft::of("one", "1.0").with("x/a.py", b"")]).unwrap();
    let file = install(&[Draft::of("two", "1.0").with("x", b"")]).unwrap();
    let error = on_top(&[&folder, &file], &["one", "two"]).map(drop).unwrap_err();
    assert!(error.contains("would be a file and a directory"), "{error}");
}
