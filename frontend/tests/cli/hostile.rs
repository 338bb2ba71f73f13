//! Malicious texts in a project, and outputs that must not contain them.

use crate::folder::{Folder, Ran};

const HEAD: &str = "# syntax=REGISTRY/pybuild:TAG\npython.version = \"3.13\"\n";

const ZEROS: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// A project with one locked package. `file` is the entry of its file in the lock.
fn locked(file: &str, tables: &str) -> Folder {
    let lock =
        format!("lock-version = \"1.0\"\n\n[[packages]]\nname = \"alpha\"\nversion = \"1.0\"\n{file}\n");
    Folder::new(&[("pybuild.toml", &format!("{HEAD}{tables}")), ("pylock.toml", &lock)])
}

/// The first error or warning, with its help.
fn first(ran: &Ran) -> Vec<&str> {
    let lines = ran.stdout.split("\n\n").next().unwrap_or_default().lines();
    lines.filter(|line| !line.contains(" |") && *line != "  |").map(str::trim).collect()
}

#[test]
fn an_address_that_would_be_another_operation_is_an_error_at_its_line() {
    let url = "docker-image://localhost:5000/x/y:pwned-1.0.tar.gz";
    let archive = format!("archive = {{ url = \"{url}\", hashes = {{ sha256 = \"{ZEROS}\" }} }}");
    let folder = locked(&archive, "");
    let ran = folder.run(&["check"]);
    let expected = [
        format!(
            "error: `{url}` is not an address that a file can be fetched from: it must begin with `https://` or `http://`"
        ),
        "--> pylock.toml:6:19".to_owned(),
    ];
    assert_eq!(first(&ran), expected);
    let ran = folder.run(&["llb"]);
    assert!(ran.code != 0 && !ran.stdout.contains("docker-image://localhost"), "{}", ran.stdout);
}

#[test]
fn a_file_without_a_sha256_is_an_error_unless_its_package_is_named() {
    for hashes in ["md5 = \"d41d8cd98f00b204e9800998ecf8427e\"", ""] {
        for (key, file) in [("wheels", "alpha-1.0-py3-none-any.whl"), ("sdist", "alpha-1.0.tar.gz")] {
            let entry = format!("{{ url = \"http://files.example/{file}\", hashes = {{ {hashes} }} }}");
            let entry =
                if key == "wheels" { format!("wheels = [{entry}]") } else { format!("sdist = {entry}") };
            let ran = locked(&entry, "").run(&["check"]);
            let expected = [
                format!(
                    "error: nothing says what `{file}` of `alpha 1.0` must contain: the lock has no SHA-256 of it"
                ),
                "--> pylock.toml:4:8".to_owned(),
                "= help: lock again, with an index and a tool that tell the SHA-256 of each file".to_owned(),
                "= help: or install it as it comes: `allow-unverified = [\"alpha\"]` in [dependencies]"
                    .to_owned(),
            ];
            assert_eq!(first(&ran), expected, "{}", ran.stdout);
            let allowed = locked(&entry, "dependencies.allow-unverified = [\"Alpha\"]\n").run(&["check"]);
            let said = format!(
                "warning: `{file}` of `alpha 1.0` is installed as it comes: nothing says what it must contain"
            );
            assert!(allowed.stdout.contains(&said), "{}", allowed.stdout);
        }
    }
}

/// Lines of a Dockerfile that are instructions: those that go on another one are left out.
fn instructions(dockerfile: &str) -> Vec<&str> {
    let mut continued = false;
    let mut found = Vec::new();
    for line in dockerfile.lines() {
        if !continued && !line.is_empty() && !line.starts_with('#') {
            found.push(line);
        }
        continued = line.ends_with('\\');
    }
    found
}

/// A build file in which one value is `text`, as a string of TOML.
fn with_value(key: &str, text: &str) -> String {
    let text = text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n").replace('\r', "\\r");
    let text = text.replace('\u{1b}', "\\u001b").replace('\0', "\\u0000");
    let head = format!("{HEAD}dependencies.requirements = []\n");
    format!("{head}{}", key.replace("VALUE", &format!("\"{text}\"")))
}

#[test]
fn no_string_of_a_build_file_adds_an_instruction_to_an_ejected_dockerfile() {
    let keys = [
        "[stage.production]\nhealthcheck = VALUE\n",
        "[stage.production]\nhealthcheck = [VALUE]\n",
        "[stage.production]\ncommand = VALUE\n",
        "[stage.production]\ncommand = [VALUE]\n",
        "[stage.production]\nentrypoint = [VALUE]\n",
        "[stage.production]\nenv.A = VALUE\n",
        "[stage.production]\nenv.VALUE = \"a\"\n",
        "[stage.production]\nlabels.a = VALUE\n",
        "[stage.production]\nlabels.VALUE = \"a\"\n",
        "[stage.production]\nvolumes = [VALUE]\n",
        "[stage.production]\nworkdir = VALUE\n",
        "[stage.production]\nrun = VALUE\n",
        "[stage.production]\nrun = [[VALUE]]\n",
        "[stage.production]\nrun = [{ run = \"true\", cache = [VALUE] }]\n",
        "[stage.production]\nrun = [{ run = \"true\", cache = [{ path = \"/c\", id = VALUE }] }]\n",
        "[stage.production]\nrun = [{ run = \"true\", ssh = [VALUE] }]\n",
        "[stage.production]\nrun = [{ run = \"true\", secrets = [{ id = \"s\", env = VALUE }] }]\n",
        "[stage.production]\nrun = [{ run = \"true\", secrets = [{ id = \"s\", path = VALUE }] }]\n",
        "[stage.production]\nrun = [{ run = \"true\", env.A = VALUE }]\n",
        "[stage.production]\nrun = [{ run = \"true\", workdir = VALUE }]\n",
        "[stage.production]\nuser = VALUE\n",
        "[stage.production]\npackages = [VALUE]\n",
        "[stage.production]\nstop-signal = VALUE\n",
        "[stage.production]\nexpose = [VALUE]\n",
        "[stage.production]\nfrom = VALUE\n",
        "[stage.production]\ncopy = [{ from = \"alpine:3\", path = VALUE, to = \"/x\" }]\n",
        "[stage.production]\ncopy = [{ from = \"alpine:3\", path = \"/x\", to = VALUE }]\n",
        "[stage.production]\ncopy = [{ from = \"alpine:3\", path = \"/x\", to = \"/y\", exclude = [VALUE] }]\n",
        "[stage.production]\ncopy = [{ from = VALUE, path = \"/x\", to = \"/y\" }]\n",
        "[stage.test]\nchecks.VALUE = \"true\"\n[stage.production]\nrequires = [\"test\"]\n",
        "[stage.test]\nchecks.a = VALUE\n[stage.production]\nrequires = [\"test\"]\n",
        "[app]\nwritable = [VALUE]\n",
        "[app]\nworkdir = VALUE\n",
        "[python]\nbase = VALUE\n",
        "[system]\nbuild = [VALUE]\n",
        "[dependencies.index]\nurl = VALUE\n",
    ];
    let hostile = [
        "/a\nRUN touch /pwned",
        "/a \\\nRUN touch /pwned",
        "/a\"\nRUN touch /pwned #",
        "/a,type=bind,source=/,target=/b",
        "/a\u{1b}[2Jb",
        "/a\0b",
        "/a\\",
        "--privileged",
    ];
    for key in keys {
        let harmless = Folder::new(&[("pybuild.toml", &with_value(key, "/a"))]).run(&["eject"]);
        let count = instructions(&harmless.stdout).len();
        for text in hostile {
            let folder = Folder::new(&[("pybuild.toml", &with_value(key, text))]);
            let ran = folder.run(&["eject"]);
            let found = instructions(&ran.stdout);
            assert!(!found.contains(&"RUN touch /pwned"), "{key} {text:?}\n{}", ran.stdout);
            assert!(
                ran.code != 0 || harmless.code != 0 || found.len() == count,
                "{key} {text:?}\n{}",
                ran.stdout
            );
            let mounts = ran.stdout.lines().filter(|line| line.contains("--mount="));
            assert_eq!(mounts.filter(|line| line.contains("source=/,")).count(), 0, "{key}\n{}", ran.stdout);
            if !text.contains(['\u{1b}', '\0']) {
                continue;
            }
            for said in [&ran.stdout, &ran.stderr, &folder.run(&["check"]).stdout] {
                assert!(!said.contains(['\u{1b}', '\0']), "{key} {text:?}\n{said:?}");
            }
        }
    }
}

#[test]
fn a_health_check_of_several_lines_is_one_instruction() {
    let text = with_value("[stage.production]\nhealthcheck = VALUE\n", "true\nRUN touch /pwned");
    let folder = Folder::new(&[("pybuild.toml", &text), (".dockerignore", ".git\n")]);
    let ejected = folder.run(&["eject"]).result();
    let expected = r#"HEALTHCHECK CMD ["/bin/sh","-c","true\nRUN touch /pwned"]"#;
    assert!(instructions(&ejected).contains(&expected), "{ejected}");
}

#[test]
fn names_that_a_package_manager_takes_for_something_else_are_errors() {
    for (base, name) in [
        ("python:3.13-slim", "-y"),
        ("python:3.13-slim", "curl-"),
        ("python:3.13-slim", "Curl"),
        ("python:3.13-slim", "/tmp/x.deb"),
        ("python:3.13-alpine", "curl*"),
        ("python:3.13-alpine", "x.apk"),
        ("registry.example/ubi9/python", "https://x.example/x.rpm"),
    ] {
        let text = format!(
            "{HEAD}python.base = \"{base}\"\ndependencies.requirements = []\nsystem.runtime = [\"{name}\"]\n"
        );
        let ran = Folder::new(&[("pybuild.toml", &text)]).run(&["check"]);
        let expected = format!("error: `{name}` is not a valid package name: ");
        assert!(ran.stdout.starts_with(&expected), "{}", ran.stdout);
        assert!(ran.stdout.contains(" --> pybuild.toml:5:19\n"), "{}", ran.stdout);
    }
}

#[test]
fn no_command_prints_a_password_of_an_address() {
    let digest = format!("hashes = {{ sha256 = \"{ZEROS}\" }}");
    let lock = |url: &str| {
        format!(
            "lock-version = \"1.0\"\n\n[[packages]]\nname = \"alpha\"\nversion = \"1.0\"\n\
             wheels = [{{ url = \"{url}\", {digest} }}]\n"
        )
    };
    let manifest = |url: &str| {
        format!("[project]\nname = \"shop\"\nversion = \"1\"\ndependencies = [\"alpha @ {url}\", \"six\"]\n")
    };
    let url = "https://me:hunter2@files.example/alpha-1.0-py3-none-any.whl";
    let projects = [
        vec![("pylock.toml", lock(url))],
        vec![("pylock.toml", lock("https://me:hunter2@files.example/a%2fb.whl"))],
        vec![("pyproject.toml", manifest(url))],
        vec![("pyproject.toml", manifest("git+https://me:hunter2@git.example/alpha@v1"))],
        vec![(
            "requirements.txt",
            format!("--index-url https://me:hunter2@index.example/simple\nalpha @ {url}\n"),
        )],
        vec![("requirements.txt", format!("alpha @ {url}\n=broken\n"))],
        vec![("requirements.txt", format!("alpha @ {url} --hash=sha256:{ZEROS}\n"))],
    ];
    let mut projects = projects.to_vec();
    for url in [
        "https://files.example/alpha-1.0-py3-none-any.whl?sv=1&sig=hunter2",
        "https://files.example/alpha-1.0-py3-none-any.whl?X-Amz-Credential=hunter2&X-Amz-Signature=hunter2",
        "https://files.example/t/hunter2hunter2hunter2/main/alpha-1.0-py3-none-any.whl",
    ] {
        projects.push(vec![("pylock.toml", lock(url))]);
        projects.push(vec![("pyproject.toml", manifest(url))]);
        projects.push(vec![("requirements.txt", format!("-c {url}\nalpha @ {url}\n--find-links {url}\n"))]);
        let channel = format!("channels: [\"{url}/channel\"]\ndependencies: [python=3.13, \"{url}::six\"]\n");
        projects.push(vec![("environment.yml", channel)]);
    }
    for files in projects {
        let build = HEAD.to_owned();
        let mut all = vec![("pybuild.toml", build.as_str())];
        all.extend(files.iter().map(|(path, text)| (*path, text.as_str())));
        let folder = Folder::new(&all);
        for command in ["check", "plan", "llb", "eject", "graph"] {
            let ran = folder.run(&[command]);
            let said = format!("{}{}", ran.stdout, ran.stderr);
            assert!(!said.contains("hunter2"), "{command} of {files:?}\n{said}");
        }
        let json = folder.run(&["check", "--format", "json"]).stdout;
        let told = json.contains("CredentialsInAddress") || json.contains("\"error\"");
        assert!(told, "{files:?}\n{json}");
    }
}

#[test]
fn a_dependency_is_one_requirement_and_no_option() {
    for line in [
        "six\\n--index-url https://evil.example/simple",
        "--index-url=https://evil.example",
        "-e /etc",
        "six \\\\",
    ] {
        let manifest =
            format!("[project]\nname = \"shop\"\nversion = \"1\"\ndependencies = [\"idna\", \"{line}\"]\n");
        let folder = Folder::new(&[("pybuild.toml", HEAD), ("pyproject.toml", &manifest)]);
        let ran = folder.run(&["check"]);
        assert!(ran.stdout.contains("is not a requirement\n --> pyproject.toml:4:"), "{}", ran.stdout);
    }
}

/// A conda lock with a Python and one entry more.
fn conda_lock(entry: &str) -> Folder {
    let lock = format!(
        "version: 1\nmetadata:\n  platforms:\n  - linux-64\npackage:\n- name: python\n  version: '3.13.1'\n  \
         manager: conda\n  platform: linux-64\n  dependencies: {{}}\n  \
         url: https://conda.example/team/linux-64/python-3.13.1-h1_0_cp313.conda\n  hash:\n    sha256: {ZEROS}\n  \
         category: main\n  optional: false\n{entry}  platform: linux-64\n  dependencies: {{}}\n  hash:\n    \
         sha256: {ZEROS}\n  category: main\n  optional: false\n"
    );
    Folder::new(&[
        ("pybuild.toml", "# syntax=REGISTRY/pybuild:TAG\n"),
        ("conda-lock.yml", &lock),
        ("app.py", ""),
    ])
}

#[test]
fn a_conda_lock_that_names_another_file_than_its_package_is_an_error_at_its_line() {
    let entry = |manager: &str, name: &str, version: &str, url: &str| {
        format!("- name: {name}\n  version: '{version}'\n  manager: {manager}\n  url: {url}\n")
    };
    let conda = "https://conda.example/team/linux-64";
    for (manager, name, version, url) in [
        ("conda", "good", "1.0", format!("{conda}/evil-1.0-0.conda")),
        ("conda", "good", "1.0", format!("{conda}/good-2.0-0.tar.bz2")),
        ("conda", "good", "1.0", format!("{conda}/good-evil-1.0-0.conda")),
        ("pip", "good", "1.0", "https://files.example/evil-1.0-py3-none-any.whl".to_owned()),
        ("pip", "good", "1.0", "https://files.example/good-2.0-py3-none-any.whl".to_owned()),
    ] {
        let ran =
            conda_lock(&entry(manager, name, version, &url)).run(&["check", "--platform", "linux/amd64"]);
        let file = url.rsplit('/').next().unwrap();
        let expected = format!(
            "error: `good 1.0` is locked with `{file}`, which is a file of another package or version"
        );
        assert!(
            ran.stdout.contains(&expected) && ran.stdout.contains("--> conda-lock.yml:16:"),
            "{}",
            ran.stdout
        );
    }
    for (manager, name, version, url) in [
        ("conda", "good-name", "1!1.0_a", format!("{conda}/good-name-1!1.0_a-py_0.conda")),
        ("conda", "good", "1.0", format!("{conda}/Good-1.0-0.tar.bz2")),
        ("pip", "Good.Name", "1.0", "https://files.example/good_name-1.0+cpu-py3-none-any.whl".to_owned()),
    ] {
        let ran =
            conda_lock(&entry(manager, name, version, &url)).run(&["check", "--platform", "linux/amd64"]);
        assert!(!ran.stdout.contains("another package"), "{}", ran.stdout);
    }
}
