//! Bases, repositories and copies from other places.

use super::*;

const SUM: &str = "sha256:E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855";
const COMMIT: &str = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";

fn copies(lines: &[&str]) -> (Vec<CopyFrom>, Vec<String>) {
    let text = format!("[stage.production]\ncopy = [\n{}\n]\n", lines.join(",\n"));
    let (spec, problems) = parse(&text);
    let copies = &spec.expect("TOML").stages["production"].copy;
    (copies.iter().map(|copy| copy.from.clone()).collect(), problems)
}

#[test]
fn a_base_is_an_image_a_stage_or_a_target_of_a_dockerfile() {
    let root = |base: &str| {
        let text = format!(
            "[python]\nbase = {base}\n[stage.cuda]\nfrom = \"low\"\n[stage.low]\nfrom = \"python:3.12-slim\"\n"
        );
        let (spec, problems) = parse(&text);
        assert_eq!(problems, Vec::<String>::new(), "{base}");
        spec.unwrap().python_image().map(crate::reference::ImageReference::familiar)
    };
    assert_eq!(root("\"cuda\"").as_deref(), Some("python:3.12-slim"));
    assert_eq!(root("\"debian:12\"").as_deref(), Some("debian:12"));
    assert_eq!(root("{ dockerfile = \"Dockerfile\" }"), None);
    let problems = |base: &str| parse(&format!("python.base = \"{base}\"\n[stage.cuda]\nfrom = \"dev\"\n")).1;
    assert_eq!(problems("scratch"), ["1: `scratch` is empty: it has no Python"]);
    assert_eq!(problems("cudda"), ["1: unknown stage `cudda`; did you mean `cuda`?"]);
    assert_eq!(problems("cuda"), ["1: stages depend on one another in a circle: cuda → dev → cuda"]);
}

#[test]
fn a_stage_that_brings_files_to_the_project_cannot_be_made_from_it() {
    let file = |from: &str| {
        format!(
            "[app]\ncopy = [{{ from = \"ui\", path = \"/out\", to = \"static/\" }}]\n[stage.ui]\nfrom = \"{from}\"\n"
        )
    };
    // The packages of the environment exist before the project does.
    assert_eq!(parse(&file("builder")).1, Vec::<String>::new());
    assert!(parse(&file("production")).1[0].contains("in a circle"));
    let (spec, _) = parse(&file("node:20"));
    let spec = spec.unwrap();
    let needs = |name: &str| spec.needs_of(name).into_iter().map(|(name, _)| name).collect::<Vec<_>>();
    assert_eq!(needs("production"), ["ui"]);
    assert_eq!(needs("builder"), [""; 0]);
    let member = format!("app.member = \"shop\"\n{}", file("node:20").replace("[app]\ncopy", "app.copy"));
    assert_eq!(parse(&member).0.unwrap().needs_of("builder").len(), 1);
}

#[test]
fn a_copy_is_of_a_download_with_a_checksum_or_of_a_repository_at_a_commit() {
    let (from, problems) = copies(&[
        &format!(
            "{{ from = \"https://files.example/a.tar\", checksum = \"{SUM}\", unpack = true, to = \"/a\" }}"
        ),
        &format!("{{ from = \"https://git.example/a.git#{COMMIT}\", to = \"/b\" }}"),
        &format!("{{ from = \"ssh://git@git.example/a.git#{COMMIT}\", path = \"x\", to = \"/b\" }}"),
    ]);
    assert_eq!(problems, Vec::<String>::new());
    let [CopyFrom::Download(archive), CopyFrom::Git(commit), CopyFrom::Git(_)] = from.as_slice() else {
        panic!("{from:?}")
    };
    assert!(archive.unpack);
    assert_eq!(archive.file.checksum, SUM.to_lowercase());
    assert_eq!((commit.url.as_str(), commit.commit.as_str()), ("https://git.example/a.git", COMMIT));
}

#[test]
fn what_a_download_lacks_or_cannot_have_is_told() {
    let told = |line: &str| copies(&[line]).1.join("\n");
    let with_sum = |rest: &str| format!("{{ checksum = \"{SUM}\", {rest} }}");
    assert_eq!(
        told("{ from = \"https://files.example/a\", to = \"/a\" }"),
        "3: the download `https://files.example/a` has no `checksum`"
    );
    assert_eq!(
        told("{ from = \"https://git.example/a.git#main\", to = \"/a\" }"),
        "3: the repository `https://git.example/a.git` has no full commit behind it"
    );
    assert_eq!(told(&with_sum("path = \"a\"")), "3: `checksum` is for a file at an address");
    assert_eq!(
        told(&with_sum("from = \"https://files.example/a\", path = \"/x\", to = \"/a\"")),
        "3: a download is one file: it has no `path`"
    );
    assert_eq!(told(&with_sum("from = \"https://files.example/a\"")), "3: `to` is required in a copy");
    assert_eq!(
        told(&with_sum("from = \"https://me:secret@files.example/a\", to = \"/a\"")),
        "3: a user name or password does not belong into the build file"
    );
    assert_eq!(
        told(&with_sum("from = \"https://files.example\", to = \"/a\"")),
        "3: `` is not the name of a file: it is empty"
    );
    let wrong = told("{ from = \"https://files.example/a\", checksum = \"md5:00\", to = \"/a\" }");
    let expected = "3: `md5:00` is not a valid checksum: write `sha256:` and 64 hexadecimal digits";
    assert!(wrong.contains(expected), "{wrong}");
}

#[test]
fn the_caches_of_package_managers_are_nobody_elses() {
    let told = |id: &str| {
        let step = format!("{{ run = \"x\", cache = [{{ path = \"/c\", id = \"{id}\" }}] }}");
        parse(&format!("[stage.a]\nrun = [{step}]\n")).1
    };
    assert_eq!(
        told("pybuild/debian:12/linux/amd64/var/cache/apt"),
        [
            "2: `pybuild/debian:12/linux/amd64/var/cache/apt` is not a valid id of a cache: such ids are those of the package managers' caches, which all projects share"
        ]
    );
    assert_eq!(told("pybuild"), [""; 0]);
}

#[test]
fn a_repository_of_apt_has_a_key_that_is_known() {
    let (spec, problems) = parse(&format!(
        "[[system.repositories]]\nurl = \"https://apt.example/debian\"\nsuites = [\"bookworm\"]\nkey = \"apt.asc\"\n\
         [[system.repositories]]\nurl = \"https://apt.example/flat\"\nsuites = [\"./\"]\n\
         key = \"https://apt.example/key\"\nchecksum = \"{SUM}\"\n"
    ));
    assert_eq!(problems, Vec::<String>::new());
    let repositories = spec.unwrap().system.repositories;
    assert_eq!(repositories[0].components, ["main"]);
    assert_eq!(repositories[1].components, [""; 0]);
    assert!(matches!(&repositories[1].key, Key::Download(key) if key.checksum == SUM.to_lowercase()));
    let told = |lines: &str| {
        let head = "[[system.repositories]]\nurl = \"https://apt.example\"\n";
        parse(&format!("{head}{lines}")).1
    };
    assert_eq!(
        told("suites = [\"a b\"]\nkey = \"https://apt.example/key\"\n"),
        [
            "1: `suites` is empty",
            "3: `a b` is not a valid word of a repository: only letters, digits and `-_./+~` are allowed",
            "4: the download `https://apt.example/key` has no `checksum`",
        ]
    );
    assert_eq!(told("suites = [\"a\"]\n"), ["1: `key` is required in a repository"]);
}
