use std::fs;

use tempfile::TempDir;

use super::list::{Listed, read_list, write_list};
use super::{DECISION, run};

/// A package with files: the path and the content. The content `?` means that the content is unknown.
fn package(name: &str, files: &[(&str, &str)]) -> Listed {
    let rows = files.iter().map(|(place, text)| {
        let content = if *text == "?" { ",7".to_owned() } else { format!("sha256={text},7") };
        ((*place).to_owned(), content)
    });
    let file = format!("{name}-1.0-py3-none-any.whl");
    Listed { name: name.to_owned(), file, rows: rows.collect(), paths_alone: false }
}

/// Compares layers, lowest first, with both orders of installation. The arguments are the layers of the lower
/// part and the layers of the upper part.
fn compare(
    below: &[&[Listed]],
    order_below: &[&str],
    above: &[&[Listed]],
    order: &[&str],
) -> Result<String, String> {
    let folder = TempDir::new().unwrap();
    let path = |name: String| {
        let path = folder.path().join(name);
        fs::create_dir(&path).unwrap();
        path
    };
    let mut arguments: Vec<String> = Vec::new();
    for (option, layers) in [("--below", below), ("--layer", above)] {
        for (at, layer) in layers.iter().enumerate() {
            let folder = path(format!("{}{at}", &option[2..]));
            write_list(folder.clone(), layer).unwrap();
            arguments.extend([option.to_owned(), folder.join("files.csv").display().to_string()]);
        }
    }
    for (option, order) in [("--package-below", order_below), ("--package", order)] {
        arguments.extend(order.iter().flat_map(|name| [option.to_owned(), (*name).to_owned()]));
    }
    let out = path("out".to_owned());
    arguments.extend(["--out".to_owned(), out.display().to_string()]);
    run(&arguments).map_err(|error| error.to_string())?;
    Ok(fs::read_to_string(out.join(DECISION)).unwrap())
}

fn decided(below: &[&[Listed]], order_below: &[&str], above: &[&[Listed]], order: &[&str]) -> String {
    compare(below, order_below, above, order).unwrap()
}

/// The messages for the user.
fn warnings(below: &[&[Listed]], order: &[&str]) -> Vec<String> {
    let order = order.iter().enumerate().map(|(at, name)| ((*name).to_owned(), at)).collect();
    let lists: Vec<_> = below.iter().map(|layer| layer.to_vec()).collect();
    let count = lists.len();
    super::compare::Layers::new(lists, count, &order, &order).compare().unwrap().warnings
}

#[test]
fn the_list_of_a_layer_is_read_as_it_was_written() {
    let folder = TempDir::new().unwrap();
    let odd = package("a", &[("lib/a \"b\",c.py", "one"), ("lib/x.py", "?")]);
    let mut own = package("own", &[("lib/own.py", "changes")]);
    own.rows.push(("lib/__init__.py".to_owned(), "sha256=empty,0".to_owned()));
    own.paths_alone = true;
    write_list(folder.path().to_owned(), &[own, odd.clone()]).unwrap();
    let path = folder.path().join("files.csv");
    let text = fs::read_to_string(&path).unwrap();
    assert_eq!(
        text,
        "a,a-1.0-py3-none-any.whl\n\"lib/a \"\"b\"\",c.py\",sha256=one,7\nlib/x.py,,7\n\
         own,own-1.0-py3-none-any.whl\nlib/own.py,,\nlib/__init__.py,sha256=empty,0\n"
    );
    let read = read_list(path.to_str().unwrap()).unwrap();
    assert_eq!(read[0].rows[0], odd.rows[0]);
    assert_eq!(read[0].rows[1], ("lib/x.py".to_owned(), String::new()));
    assert_eq!((read[1].name.as_str(), read[1].rows[0].1.as_str()), ("own", ""));
    fs::write(&path, "a,b,c\n").unwrap();
    assert!(read_list(path.to_str().unwrap()).unwrap_err().to_string().contains("is no list of a layer"));
}

#[test]
fn layers_in_the_order_of_installation_are_right_and_the_user_is_told() {
    let one = [package("one", &[("x/a.py", "1"), ("x/b.py", "1"), ("x/same.py", "=")])];
    let two = [package("two", &[("x/a.py", "2"), ("x/b.py", "2"), ("x/same.py", "=")])];
    assert_eq!(decided(&[&one, &two], &["one", "two"], &[], &[]), "");
    assert_eq!(
        warnings(&[&one, &two], &["one", "two"]),
        [
            "warning: one-1.0-py3-none-any.whl and two-1.0-py3-none-any.whl both bring 2 files, such as `x/a.py`, with \
          different contents: those of two-1.0-py3-none-any.whl are kept"
        ]
    );
    // Another order of installation or of layers does not help. A common layer is needed, and the script that
    // unpacks the layer tells the user.
    for (layers, order) in [([&one, &two], ["two", "one"]), ([&two, &one], ["one", "two"])] {
        let layers = layers.map(|layer| &layer[..]);
        assert_eq!(decided(&layers, &order, &[], &[]), "below one two\n");
        assert_eq!(warnings(&layers, &order), Vec::<String>::new());
    }
    // Packages of the same layer are not part of this comparison.
    let both = [one[0].clone(), two[0].clone()];
    let other = [package("other", &[("y.py", "3")])];
    for order in [["one", "two", "other"], ["two", "one", "other"]] {
        assert_eq!(decided(&[&both, &other], &order, &[], &[]), "");
        assert_eq!(warnings(&[&both, &other], &order), Vec::<String>::new());
    }
}

#[test]
fn files_with_equal_contents_are_no_matter_and_unknown_contents_are_taken_for_others() {
    let one = [package("one", &[("x.py", "=")])];
    let two = [package("two", &[("x.py", "=")])];
    assert_eq!(decided(&[&one, &two], &["two", "one"], &[], &[]), "");
    assert_eq!(warnings(&[&one, &two], &["two", "one"]), Vec::<String>::new());
    let unknown = [package("two", &[("x.py", "?")])];
    assert_eq!(decided(&[&one, &unknown], &["two", "one"], &[], &[]), "below one two\n");
    let both = [package("one", &[("x.py", "?")])];
    assert_eq!(decided(&[&both, &unknown], &["two", "one"], &[], &[]), "below one two\n");
}

/// One file is in the wrong order. The other files are right, but would be wrong if only a part of the
/// packages were moved.
#[test]
fn packages_with_common_files_stay_together_over_several_steps() {
    let of = |name: &str, files: &[&str]| {
        [package(name, &files.iter().map(|file| (*file, name)).collect::<Vec<_>>())]
    };
    let chain = [
        of("a", &["1.py"]),
        of("b", &["1.py", "2.py"]),
        of("c", &["2.py", "3.py"]),
        of("d", &["3.py"]),
        of("e", &["9.py"]),
        of("f", &["9.py"]),
    ];
    let layered = |order: [usize; 6]| order.map(|at| &chain[at][..]);
    let order = ["a", "b", "c", "d", "e", "f"];
    let layers = layered([1, 0, 2, 3, 4, 5]);
    assert_eq!(decided(&layers, &order, &[], &[]), "below a b c d\n");
    assert_eq!(
        warnings(&layers, &order),
        [
            "warning: e-1.0-py3-none-any.whl and f-1.0-py3-none-any.whl both bring `9.py`, with different contents: those of \
          f-1.0-py3-none-any.whl are kept"
        ]
    );
    // Two wrong pairs that are independent of each other.
    let layers = layered([1, 0, 3, 2, 5, 4]);
    assert_eq!(decided(&layers, &order, &[], &[]), "below a b c d\nbelow e f\n");
}

#[test]
fn groups_get_a_layer_of_their_own_and_do_not_change_what_lies_below() {
    let original = [package("original", &[("x.py", "original"), ("y.py", "original")])];
    let fork = [package("fork", &[("x.py", "fork")])];
    let other = [package("other", &[("y.py", "other")])];
    let all = ["other", "fork", "original"];
    // The fork is in the upper layer and would be installed first.
    assert_eq!(decided(&[&original], &["original"], &[&fork], &["fork", "original"]), "all fork original\n");
    assert_eq!(decided(&[&original], &["original"], &[&fork], &["original", "fork"]), "");
    // The lower layers are right by themselves. They move to the layer of the group, because they share files
    // with it.
    let below: [&[Listed]; 2] = [&other, &original];
    assert_eq!(decided(&below, &["other", "original"], &[&fork], &all), "all fork original other\n");
    // Wrong packages in the lower layers are corrected there, independent of the groups.
    let below: [&[Listed]; 2] = [&original, &other];
    let below_order = ["other", "original"];
    assert_eq!(decided(&below, &below_order, &[], &[]), "below original other\n");
    let all = ["other", "original", "fork"];
    assert_eq!(decided(&below, &below_order, &[&fork], &all), "below original other\n");
    // There is no lower layer, because the stage is based on a foreign image.
    assert_eq!(decided(&[], &[], &[&fork, &original], &["original", "fork"]), "all fork original\n");
}

/// The common layer is above the lower layers, and contains some packages of the lower layers again.
#[test]
fn a_package_in_two_layers_has_no_conflict_with_itself() {
    let below = [package("a", &[("x.py", "1")])];
    let above = [package("a", &[("x.py", "1")]), package("b", &[("x.py", "2")])];
    for order in [["a", "b"], ["b", "a"]] {
        assert_eq!(decided(&[&below], &["a"], &[&above], &order), "");
    }
}

#[test]
fn a_file_in_the_place_of_a_folder_is_refused() {
    let folder = [package("folder", &[("x/a.py", "1")])];
    let file = [package("file", &[("x", "2")])];
    for layers in [[&folder, &file], [&file, &folder]] {
        let layers = layers.map(|layer| &layer[..]);
        let error = compare(&layers, &["file", "folder"], &[], &[]).unwrap_err();
        assert!(error.contains("file-1.0-py3-none-any.whl"), "{error}");
        assert!(error.contains("`x` would be a file and a directory"), "{error}");
    }
}
