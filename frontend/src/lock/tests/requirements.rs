use std::collections::BTreeMap;

use super::*;

fn parsed(files: &[(&str, &str)]) -> Result<ParsedRequirements, LockError> {
    let all: BTreeMap<&str, String> =
        files.iter().map(|(path, text)| (*path, text.replace("HASH", HASH))).collect();
    let read = |path: &str| all.get(path).cloned().ok_or_else(|| format!("no {path} here"));
    let (path, text) = (files[0].0, &all[files[0].0]);
    parse_requirements(path, text, &read, &|wanted| exists(files, wanted))
}

fn exists(files: &[(&str, &str)], wanted: &str) -> bool {
    files.iter().any(|(path, _)| *path == wanted || path.starts_with(&format!("{wanted}/")))
}

#[test]
fn files_are_read_with_their_includes_and_options() {
    let main = "\u{feff}# a comment\n\
        -r more/base.txt   # why\n\
        --constraint=more/limits.txt\n\
        -i https://example.invalid/simple\n\
        --extra-index-url https://example.invalid/${NAME}\n\
        --only-binary=:all: \n--no-binary Foo,bar\n--trusted-host example.invalid\n\
        Django[Argon2] >=4 , <5 ; python_version >= '3.8'\n\
        -e ./libs/own[x]\n\
        pkg @ https://example.invalid/pkg-1.0.zip#sha256=0\n\
        git+https://example.invalid/repo@main#egg=repo&subdirectory=py\n\
        ./wheels/w-1.0-py3-none-any.whl\n";
    let found = parsed(&[
        ("reqs/main.txt", main),
        ("reqs/more/base.txt", "a==1 \\\n  --hash=HASH \\\n  --hash HASH\n    # via b\n-f wheels\n"),
        ("reqs/more/limits.txt", "idna<4\n"),
        // pip resolves `--find-links` relative to the file if the path exists there. It resolves other paths
        // relative to its working directory.
        ("reqs/more/wheels/x-1.0-py3-none-any.whl", ""),
    ])
    .unwrap();
    let names: Vec<_> = found.lines.iter().map(|line| line.name.as_ref().map_or("", Name::as_str)).collect();
    assert_eq!(names, ["a", "django", "", "pkg", "repo", "w"]);
    let sources: Vec<_> = found.lines.iter().map(|line| line.source.clone()).collect();
    assert_eq!(sources[2], Source::Directory { path: "libs/own".into(), install: Install::Editable });
    assert!(matches!(&sources[4], Source::Git { commit, subdirectory: Some(_), .. } if commit == "main"));
    assert_eq!(sources[5], Source::File { path: "wheels/w-1.0-py3-none-any.whl".into(), subdirectory: None });
    assert_eq!(found.constraints.len(), 1);
    assert!(found.is_hashed());
    let kinds: Vec<_> = found.options.indexes.iter().map(|index| (index.kind, index.url.as_str())).collect();
    assert_eq!(
        kinds,
        [
            (IndexKind::Main, "https://example.invalid/simple"),
            (IndexKind::Links, "reqs/more/wheels"),
            (IndexKind::Extra, "https://example.invalid/${NAME}"),
        ]
    );
    assert_eq!(found.options.only_wheels, Scope::All);
    assert!(found.options.no_wheels.covers(&name("foo")));
    assert_eq!(found.files.len(), 3);
}

#[test]
fn errors_point_into_the_file_that_has_them() {
    let cases = [
        ("a ==\n", "`==` is not a version specifier", "=="),
        ("\n  b==1 ; python == '3' \\\n --hash=HASH", "`python` is not a marker variable", "python"),
        ("--wrong\n", "`--wrong` is not an option of requirements files", "--wrong"),
        ("-r\n", "`--requirement` needs a value", "-r"),
        ("-r main.txt # again\n", "`main.txt` includes itself", "-r main.txt"),
        ("-r gone.txt", "`gone.txt` cannot be read: no gone.txt here", "-r gone.txt"),
        ("a==1 --hash=sha256:1", "`sha256:1` is not a hash such as `sha256:…`", "a==1 --hash=sha256:1"),
    ];
    for (text, message, marked) in cases {
        let error = parsed(&[("main.txt", text)]).unwrap_err();
        let span = error.at.span;
        let text = text.replace("HASH", HASH);
        assert_eq!((error.to_string().as_str(), &text[span.start..span.end]), (message, marked));
    }
}

#[test]
fn a_lock_has_every_line_pinned_and_hashed() {
    let cases = [
        ("a==1\n", "nothing here has a hash, so nothing is locked"),
        ("a==1 --hash=HASH\nb==1\n", "`b` has no hash, although others here have"),
        ("a>=1 --hash=HASH\n", "`a` is not pinned by `==`, although others here have hashes"),
        (
            "a==1 --hash=HASH\nhttps://example.invalid/b.zip --hash=HASH\n",
            "`https://example.invalid/b.zip` does not say which package it is; write it as `name @ https://example.invalid/b.zip`",
        ),
    ];
    for (text, message) in cases {
        let error = parsed(&[("r.txt", text)]).unwrap().into_lock().unwrap_err();
        assert_eq!(error.to_string(), message);
    }
    let text = "a==1 --hash=HASH\nu @ https://example.invalid/u-1.0.tar.gz --hash=HASH\n-e .\n";
    let text = text.replace("HASH", HASH);
    let read = |path: &str| match path {
        "pyproject.toml" => Ok("[project]\nname = 'Own.App'".to_owned()),
        other => Err(format!("no {other} here")),
    };
    let input =
        Input { path: "requirements.txt", text: &text, pyproject: None, read: &read, exists: &|_| false };
    let lock = parse(Format::Requirements, &input).unwrap();
    assert_eq!(package(&lock, "a").hashes.sha256(), HASH.strip_prefix("sha256:"));
    assert_eq!(package(&lock, "u").artifacts[0].file.as_str(), "u-1.0.tar.gz");
    assert!(matches!(package(&lock, "own-app").source, Source::Directory { .. }));
}

#[test]
fn a_file_that_is_included_by_many_ways_is_read_once() {
    let reads = std::cell::Cell::new(0);
    let read = |path: &str| {
        reads.set(reads.get() + 1);
        let level: usize = path.strip_suffix(".txt").unwrap().parse().unwrap();
        Ok(if level == 26 {
            "idna\n".to_owned()
        } else {
            format!("-r {0}.txt\n-r {0}.txt\n-c {0}.txt\n", level + 1)
        })
    };
    let found = parse_requirements("0.txt", &read("0.txt").unwrap(), &read, &|_| false).unwrap();
    assert_eq!((found.lines.len(), found.constraints.len(), found.files.len()), (1, 1, 27));
    // The first file is read once. Each other file is read once as requirements and once as constraints.
    assert_eq!(reads.get(), 53);
}
