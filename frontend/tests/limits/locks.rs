//! Locks of every format.

use super::Case;
use super::measure::Project;

fn lines(count: usize, line: impl Fn(usize) -> String) -> String {
    (0..count).map(line).collect()
}

const MANIFEST: &str =
    "[project]\nname = \"shop\"\nversion = \"1\"\nrequires-python = \">=3.12\"\ndependencies = []\n";

fn lock(name: &str, text: String) -> Project {
    Project::with([("pyproject.toml", MANIFEST.to_owned()), (name, text)])
}

/// A lock of uv: the project with what it depends on, and other packages.
fn uv(wanted: &str, packages: &str) -> Project {
    let head = "version = 1\nrequires-python = \">=3.12\"\n";
    let own = format!(
        "[[package]]\nname = \"shop\"\nversion = \"1\"\nsource = {{ virtual = \".\" }}\ndependencies = [{wanted}]\n"
    );
    lock("uv.lock", format!("{head}{own}{packages}"))
}

fn package(name: &str, more: &str) -> String {
    let wheel = format!(
        "{{ url = \"https://files.example/{name}-1-py3-none-any.whl\", hash = \"sha256:{}\", size = 1 }}",
        "0".repeat(64)
    );
    let source = "source = { registry = \"https://index.example/simple\" }";
    format!("[[package]]\nname = \"{name}\"\nversion = \"1\"\n{source}\n{more}wheels = [{wheel}]\n")
}

pub(crate) const CASES: [Case; 21] = [
    ("uv: packages", |size| {
        let wanted = lines(size / 300, |at| format!("{{ name = \"p{at}\" }},"));
        uv(&wanted, &lines(size / 300, |at| package(&format!("p{at}"), "")))
    }),
    ("uv: a chain", |size| {
        let chain = lines(size / 320, |at| {
            package(&format!("p{at}"), &format!("dependencies = [{{ name = \"p{}\" }}]\n", at + 1))
        });
        let last = package(&format!("p{}", size / 320), "");
        uv("{ name = \"p0\" }", &format!("{chain}{last}"))
    }),
    ("uv: everything needs everything", |size| {
        let count = (size / 16).isqrt();
        let all = lines(count, |at| format!("{{name=\"p{at}\"}},"));
        uv(&all, &lines(count, |at| package(&format!("p{at}"), &format!("dependencies = [{all}]\n"))))
    }),
    ("uv: extras that ask for extras", |size| {
        let count = size / 200;
        let extras =
            lines(count, |at| format!("e{at} = [{{ name = \"p\", extra = [\"e{}\"] }}]\n", (at + 1) % count));
        uv(
            "{ name = \"p\", extra = [\"e0\"] }",
            &format!("{}[package.optional-dependencies]\n{extras}", package("p", "")),
        )
    }),
    ("uv: forks", |size| {
        let forks = lines(size / 300, |at| {
            package("p", "").replace(
                "version = \"1\"",
                &format!("version = \"{at}\"\nresolution-markers = [\"python_full_version == '3.{at}'\"]"),
            )
        });
        uv("{ name = \"p\" }", &forks)
    }),
    ("uv: files of one package", |size| {
        let files = lines(size / 160, |at| {
            format!(
                "{{ url = \"https://files.example/p-1-{at}-py3-none-any.whl\", hash = \"sha256:{at:064x}\" }},"
            )
        });
        let text = package("p", "");
        let start = text.find("wheels").unwrap();
        uv("{ name = \"p\" }", &format!("{}wheels = [{files}]\n", &text[..start]))
    }),
    ("uv: a marker of many parts", |size| {
        let marker = "python_version > '3' and ".repeat(size / 26);
        uv(&format!("{{ name = \"p\", marker = \"{marker}os_name == 'x'\" }}"), &package("p", ""))
    }),
    ("uv: conflicts", |size| {
        let sets = lines(size / 80, |at| {
            format!(
                "[{{ package = \"shop\", extra = \"a{at}\" }}, {{ package = \"shop\", extra = \"b{at}\" }}],"
            )
        });
        uv("", &package("p", ""))
            .with_file("x".to_owned(), String::new())
            .replaced("version = 1\n", &format!("version = 1\nconflicts = [{sets}]\n"))
    }),
    ("pylock: packages", |size| {
        let packages = lines(size / 230, |at| {
            format!(
                "[[packages]]\nname = \"p{at}\"\nversion = \"1\"\n[[packages.wheels]]\nname = \"p{at}-1-py3-none-any.whl\"\n\
                 url = \"https://files.example/p{at}-1-py3-none-any.whl\"\nhashes.sha256 = \"{at:064x}\"\n"
            )
        });
        lock("pylock.toml", format!("lock-version = \"1.0\"\ncreated-by = \"x\"\n{packages}"))
    }),
    ("pylock: groups", |size| {
        let groups = lines(size / 12, |at| format!("\"g{at}\","));
        lock(
            "pylock.toml",
            format!(
                "lock-version = \"1.0\"\ncreated-by = \"x\"\nextras = [{groups}]\ndependency-groups = [{groups}]\npackages = []\n"
            ),
        )
    }),
    ("poetry: packages", |size| {
        let packages = lines(size / 260, |at| {
            format!(
                "[[package]]\nname = \"p{at}\"\nversion = \"1\"\noptional = false\npython-versions = \">=3\"\ngroups = [\"main\"]\n\
                 files = [{{ file = \"p{at}-1-py3-none-any.whl\", hash = \"sha256:{at:064x}\" }}]\n[package.dependencies]\np{} = \"*\"\n",
                at + 1
            )
        });
        lock(
            "poetry.lock",
            format!(
                "{packages}[metadata]\nlock-version = \"2.1\"\npython-versions = \">=3\"\ncontent-hash = \"0\"\n"
            ),
        )
    }),
    ("poetry: constraints", |size| {
        let constraint = vec![">=1,<2"; size / 10].join(" || ");
        let text = format!(
            "[[package]]\nname = \"p\"\nversion = \"1\"\npython-versions = \"{constraint}\"\nfiles = []\n"
        );
        lock(
            "poetry.lock",
            format!(
                "{text}[metadata]\nlock-version = \"2.1\"\npython-versions = \">=3\"\ncontent-hash = \"0\"\n"
            ),
        )
    }),
    ("pdm: packages", |size| {
        let packages = lines(size / 200, |at| {
            format!(
                "[[package]]\nname = \"p{at}\"\nversion = \"1\"\ngroups = [\"default\"]\n\
                 files = [{{ file = \"p{at}-1-py3-none-any.whl\", hash = \"sha256:{at:064x}\" }}]\n"
            )
        });
        lock(
            "pdm.lock",
            format!(
                "[metadata]\ngroups = [\"default\"]\nstrategy = [\"inherit_metadata\"]\nlock_version = \"4.5.0\"\ncontent_hash = \"sha256:0\"\n{packages}"
            ),
        )
    }),
    ("Pipfile.lock: packages", |size| {
        let packages = lines(size / 130, |at| {
            format!("\"p{at}\": {{ \"hashes\": [\"sha256:{at:064x}\"], \"version\": \"==1\" }},\n")
        });
        let meta = "\"_meta\": { \"hash\": { \"sha256\": \"0\" }, \"pipfile-spec\": 6, \"sources\": [] }";
        lock(
            "Pipfile.lock",
            format!(
                "{{ {meta}, \"develop\": {{}}, \"default\": {{ {packages} \"z\": {{ \"version\": \"==1\" }} }} }}"
            ),
        )
    }),
    ("Pipfile.lock: lists in lists", |size| lock("Pipfile.lock", "[".repeat(size))),
    ("conda-lock: packages", |size| {
        let packages = lines(size / 200, |at| {
            format!(
                "- name: p{at}\n  version: '1'\n  manager: conda\n  platform: linux-64\n  dependencies: {{}}\n  \
                 url: https://conda.example/main/linux-64/p{at}-1-0.conda\n  hash: {{ sha256: '{at:064x}' }}\n  category: main\n"
            )
        });
        lock(
            "conda-lock.yml",
            format!("version: 1\nmetadata:\n  platforms: [linux-64]\npackage:\n{packages}"),
        )
    }),
    ("pixi: packages", |size| {
        let named = lines(size / 200, |at| {
            format!("      - conda: https://conda.example/main/linux-64/p{at}-1-0.conda\n")
        });
        let packages = lines(size / 200, |at| {
            format!("- conda: https://conda.example/main/linux-64/p{at}-1-0.conda\n  sha256: {at:064x}\n")
        });
        lock(
            "pixi.lock",
            format!(
                "version: 6\nenvironments:\n  default:\n    channels: []\n    packages:\n      linux-64:\n{named}packages:\n{packages}"
            ),
        )
    }),
    ("environment.yml: names", |size| {
        Project::with([(
            "environment.yml",
            format!("dependencies:\n{}", lines(size / 12, |at| format!("- p{at} >1\n"))),
        )])
    }),
    ("environment.yml: anchors", |size| {
        let levels = lines((size / 60).min(40), |at| {
            let again = format!("*a{at}, ").repeat(9);
            format!("x{}: &a{} [{again}*a{at}]\n", at + 1, at + 1)
        });
        Project::with([("environment.yml", format!("x0: &a0 [x]\n{levels}dependencies: [python]\n"))])
    }),
    ("environment.yml: lists in lists", |size| {
        Project::with([("environment.yml", format!("dependencies: {}\n", "[".repeat(size)))])
    }),
    ("environment.yml: a list by indentation", |size| {
        Project::with([("environment.yml", format!("dependencies:\n  {}x\n", "- ".repeat(size / 2)))])
    }),
];
