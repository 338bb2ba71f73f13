use super::super::files::Ignored;
use super::super::memory::Memory;
use super::super::requirements::Needs::{All, Manifest};
use super::*;
use crate::ignore::Patterns;

const PLACES: Places<'static> = Places { sources: "/s", remote: Some("/r"), editable: true };

fn read(context: &[(&'static str, &'static str)], installer: Installer) -> (Requirements, Vec<String>) {
    let memory = Memory(context.iter().copied().collect());
    let ignored = Ignored { patterns: Patterns::default(), file: None };
    let files = Files { context: &memory, ignored: &ignored };
    let mut found = Diagnostics::default();
    let source = Arc::new(Source::new("pybuild.toml", ""));
    let named = context.first().map(|(path, _)| Located::new(path_of(path), Span::default())).unwrap();
    let read = follow(&[named], &source, (&files, installer), &mut found).unwrap();
    let all = found.errors().into_iter().chain(found.warnings());
    let shown = all.map(|one| format!("{}: {}", one.source.name, one.problem));
    (read, shown.collect())
}

fn path_of(path: &str) -> ContextPath {
    ContextPath::parse(path).unwrap()
}

const LIB: &str = "[project]\nname = 'lib'\nversion = '1'\n";

/// The result of `pip install -r` (26.3) for each line, in an empty folder with `lib`, `sub/two` and a wheel:
/// the same packages are installed from the same folders.
#[test]
fn folders_and_archives_are_found_where_pip_finds_them() {
    let text = "./lib\n-e ./lib[dev] ; python_version > '3'\nlib[a] @ file:./lib # why\n\
                ./wheels/x-1.0-py3-none-any.whl --hash=sha256:00\nsub/two\n--find-links wheels\nflask>=3\n";
    let context = [
        ("requirements.txt", text),
        ("lib/pyproject.toml", LIB),
        ("sub/two/setup.py", ""),
        ("wheels/x-1.0-py3-none-any.whl", ""),
    ];
    let text = text.replace("sha256:00", &format!("sha256:{}", "0".repeat(64)));
    let context: Vec<_> = context
        .into_iter()
        .map(
            |(path, old)| {
                if path == "requirements.txt" { (path, &*text.clone().leak()) } else { (path, old) }
            },
        )
        .collect();
    let (read, found) = self::read(&context, Installer::Wheels);
    assert_eq!(found, Vec::<String>::new());
    let sources: Vec<_> = read.sources.iter().map(|(path, needs)| (path.as_str(), *needs)).collect();
    assert_eq!(
        sources,
        [("lib", Manifest), ("sub/two", All), ("wheels", All), ("wheels/x-1.0-py3-none-any.whl", All)]
    );
    let shown = read.rewritten(&path_of("requirements.txt"), &PLACES).unwrap();
    assert_eq!(
        shown,
        format!(
            "/s/lib\n-e /s/lib[dev] ; python_version > '3'\nlib[a] @ file:///s/lib # why\n\
             /s/wheels/x-1.0-py3-none-any.whl --hash=sha256:{}\n/s/sub/two\n--find-links /s/wheels\nflask>=3\n",
            "0".repeat(64)
        )
    );
    let pip = Places { editable: false, ..PLACES };
    let shown = read.rewritten(&path_of("requirements.txt"), &pip).unwrap();
    assert_eq!(shown.lines().nth(1), Some("/s/lib[dev] ; python_version > '3'"));
}

/// pip resolves paths relative to its working directory, and `-r` and `--find-links` relative to the file.
#[test]
fn paths_of_a_file_in_a_folder_count_from_the_root_or_else_from_the_file() {
    let context = [
        ("back/requirements.txt", "./lib\n./own\n-r base.txt\n-e ..\n-f wheels\n"),
        ("back/base.txt", "six\n"),
        ("lib/pyproject.toml", LIB),
        ("back/own/setup.py", ""),
        ("back/lib/pyproject.toml", LIB),
        ("back/wheels/a.whl", ""),
        ("pyproject.toml", LIB),
    ];
    let (read, found) = read(&context, Installer::Wheels);
    assert_eq!(found, Vec::<String>::new());
    let sources: Vec<_> = read.sources.keys().map(ContextPath::as_str).collect();
    assert_eq!(sources, ["back/own", "back/wheels", "lib"]);
    assert_eq!(read.own.len(), 1);
}

#[test]
fn a_file_at_an_address_is_fetched_and_nothing_is_known_of_it() {
    let text = "-c https://files.example/constraints-3.12.txt\napache-airflow==3.0.0\n";
    let (read, found) = read(&[("requirements.txt", text)], Installer::Wheels);
    assert_eq!(
        found,
        [
            "requirements.txt: `https://files.example/constraints-3.12.txt` is read only during a build: nothing here has \
          looked at it"
        ]
    );
    let shown = read.rewritten(&path_of("requirements.txt"), &PLACES).unwrap();
    assert_eq!(shown, "-c /r/0.txt\napache-airflow==3.0.0\n");
    let eject = Places { remote: None, ..PLACES };
    assert_eq!(read.rewritten(&path_of("requirements.txt"), &eject).unwrap(), text);
}

/// The options are from pip 26.3 (`pip/_internal/req/req_file.py`). uv 0.13 reads some of them.
#[test]
fn every_option_of_pip_is_heeded_or_told_of() {
    let heeded = "-i https://a.example/simple --extra-index-url https://b.example/simple\n--pre\n--no-binary six\n\
                  --only-binary=:all:\n--no-index\n--pypi-url https://c.example/simple\n--all-releases :all:\n";
    let (read, found) = self::read(&[("r.txt", heeded)], Installer::Wheels);
    assert_eq!(found, Vec::<String>::new());
    assert!(read.prereleases);
    assert_eq!(
        read.rewritten(&path_of("r.txt"), &PLACES).unwrap(),
        "--index-url https://a.example/simple\n--extra-index-url https://b.example/simple\n--pre\n--no-binary six\n\
         --only-binary=:all:\n--no-index\n--index-url https://c.example/simple\n\n"
    );
    let ignored = "--prefer-binary\n--trusted-host a.example\n--use-feature=x\n--no-require-hashes\n\
                   --only-final six\nsix -C a=b\n-e git+https://g.example/x#egg=x --config-settings a=b\n";
    let (read, found) = self::read(&[("r.txt", ignored)], Installer::Wheels);
    let options: Vec<_> = found.iter().filter_map(|text| text.split('`').nth(1)).collect();
    assert_eq!(
        options,
        [
            "--prefer-binary",
            "--trusted-host",
            "--use-feature",
            "--no-require-hashes",
            "--only-final",
            "--config-settings",
            "--config-settings"
        ]
    );
    assert_eq!(
        read.rewritten(&path_of("r.txt"), &PLACES).unwrap(),
        "--prefer-binary\n--trusted-host a.example\n--use-feature=x\n\n\nsix\n-e git+https://g.example/x#egg=x\n"
    );
    let (read, found) = self::read(&[("r.txt", ignored)], Installer::Pip);
    assert_eq!((found.len(), read.changed.len()), (0, 0));
    let plain = "-i http://a.example/simple\n--trusted-host a.example\n";
    assert_eq!(self::read(&[("r.txt", plain)], Installer::Wheels).1, Vec::<String>::new());
}

#[test]
fn what_pip_refuses_is_an_error_at_its_line() {
    for (line, message) in [
        ("=flask", "`=flask` is not a requirement"),
        ("--wrong", "`--wrong` is not an option of requirements files"),
        ("-r", "`--requirement` needs a value"),
        ("-r a.txt --pre", "`--requirement` needs a line of its own: pip drops the other options there"),
        ("/abs/lib", "`/abs/lib` is used by a requirement but lies outside of the build context"),
        ("-e ../lib", "`../lib` is used by a requirement but lies outside of the build context"),
        ("./gone", "`gone` is not in the build context"),
        (
            "./empty",
            "nothing can be installed from `empty`: it is no folder with a pyproject.toml or a setup.py",
        ),
        ("./empty/x", "nothing can be installed from `empty/x`: it is no wheel and no source archive"),
    ] {
        let text: &'static str = format!("six\n{line}\n").leak();
        let (_, found) = read(&[("r.txt", text), ("empty/x", "")], Installer::Wheels);
        assert_eq!(found, [format!("r.txt: {message}")], "{line}");
    }
}
