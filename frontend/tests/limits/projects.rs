//! Manifests, requirements files, ignore rules and Dockerfiles.

use super::Case;
use super::measure::Project;

fn lines(count: usize, line: impl Fn(usize) -> String) -> String {
    (0..count).map(line).collect()
}

const HEAD: &str = "[project]\nname = \"shop\"\nversion = \"1\"\n";

fn manifest(text: String) -> Project {
    Project::with([("pyproject.toml", format!("{HEAD}{text}"))])
}

fn requirements(text: String) -> Project {
    Project::with([("requirements.txt", text)])
}

fn dockerfile(text: String) -> Project {
    let files =
        [("Dockerfile", format!("FROM python:3.12\n{text}")), ("requirements.txt", "idna\n".to_owned())];
    let mut project = Project::file("").and(files).run_by(&[&["init", "--from", "Dockerfile", "--print"]]);
    project.files.remove(0);
    project
}

pub(crate) const CASES: [Case; 32] = [
    ("a chain of groups", |size| {
        let groups = lines(size / 36, |at| format!("g{} = [{{ include-group = \"g{at}\" }}]\n", at + 1));
        manifest(format!("dependencies = []\n[dependency-groups]\ng0 = [\"idna\"]\n{groups}"))
    }),
    ("a chain of extras", |size| {
        let extras = lines(size / 24, |at| format!("e{} = [\"shop[e{at}]\"]\n", at + 1));
        manifest(format!("dependencies = []\n[project.optional-dependencies]\ne0 = [\"idna\"]\n{extras}"))
    }),
    ("groups that include all before them", |size| {
        let count = (size / 12).isqrt();
        let groups = lines(count, |at| {
            let all = lines(at, |other| format!("{{include-group=\"g{other}\"}},"));
            format!("g{at} = [{all}\"r{at}\"]\n")
        });
        manifest(format!("dependencies = []\n[dependency-groups]\n{groups}"))
    }),
    ("groups in circles", |size| {
        let groups = lines(size / 40, |at| format!("g{at} = [{{ include-group = \"g{}\" }}]\n", at ^ 1));
        manifest(format!("dependencies = []\n[dependency-groups]\n{groups}"))
    }),
    ("unknown groups", |size| {
        let groups = lines(size / 40, |at| format!("g{at} = [{{ include-group = \"h{at}\" }}]\n"));
        manifest(format!("dependencies = []\n[dependency-groups]\n{groups}"))
    }),
    ("dependencies", |size| {
        manifest(format!("dependencies = [{}]\n", lines(size / 12, |at| format!("\"p{at}>1\",\n"))))
    }),
    ("extras of one line", |size| {
        let extras = lines(size / 30, |at| format!("e{at} = [\"p{at}\"]\n"));
        let asked = lines(size / 30, |at| format!("-e .[e{at}]\n"));
        let text = "dependencies = []\n[build-system]\nrequires = [\"x\"]\n[project.optional-dependencies]\n";
        manifest(format!("{text}{extras}")).and([("requirements.txt", asked)])
    }),
    ("specifiers of Python", |size| {
        manifest(format!("requires-python = \"{}>=3.8\"\ndependencies = []\n", ">=3.8,".repeat(size / 6)))
    }),
    ("one version of Python", |size| {
        manifest(format!("requires-python = \">=3.{}\"\ndependencies = []\n", "9".repeat(size)))
    }),
    ("keys of other tools", |size| {
        manifest(format!("[tool.x]\n{}", lines(size / 12, |at| format!("k{at} = 1\n"))))
    }),
    ("urls", |size| {
        manifest(format!("[project.urls]\n{}", lines(size / 12, |at| format!("k{at} = \"u\"\n"))))
    }),
    ("a pinned version of Python", |size| {
        Project::file("").and([(".python-version", format!("{}3.12\n", "# comment\n".repeat(size / 10)))])
    }),
    ("requirements that are included twice", |size| {
        let count = (size / 40).min(30);
        let mut project = requirements("-r 0.txt\n".to_owned());
        for at in 0..count {
            let text = format!(
                "-r {0}.txt\n-r {0}.txt\n-c {0}.txt\np{at}==1 --hash=sha256:{1}\n",
                at + 1,
                "0".repeat(64)
            );
            project.files.push((format!("{at}.txt"), text));
        }
        project.with_file(format!("{count}.txt"), "idna\n".to_owned())
    }),
    ("a chain of requirements files", |size| {
        let mut project = requirements("-r 0.txt\n".to_owned());
        for at in 0..(size / 40).min(5000) {
            project.files.push((format!("{at}.txt"), format!("-r {}.txt\n", at + 1)));
        }
        project
    }),
    ("lines", |size| requirements(lines(size / 12, |at| format!("p{at}>=1\n")))),
    ("lines with hashes", |size| {
        requirements(lines(size / 90, |at| format!("p{at}==1 --hash=sha256:{at:064x}\n")))
    }),
    ("hashes of one line", |size| {
        requirements(format!("idna==1 {}\n", lines(size / 80, |at| format!("--hash=sha256:{at:064x} "))))
    }),
    ("one line of many", |size| requirements(format!("{}idna\n", "\\\n".repeat(size / 2)))),
    ("lines that are nothing", |size| requirements("=\n".repeat(size / 2))),
    ("a marker of many parts", |size| {
        requirements(format!(
            "idna==1 ; {}python_version > '3' --hash=sha256:{:064x}\n",
            "python_version > '3' or ".repeat(size / 24),
            1
        ))
    }),
    ("a marker in brackets", |size| {
        requirements(format!(
            "idna==1 ; {}os_name == 'a'{} --hash=sha256:{:064x}\n",
            "(".repeat(size / 2),
            ")".repeat(size / 2),
            1
        ))
    }),
    ("a version of many numbers", |size| {
        requirements(format!("idna=={}1 --hash=sha256:{:064x}\n", "1.".repeat(size / 2), 1))
    }),
    ("a wheel of many tags", |size| {
        let tags = |tag: &str| vec![tag; size / 60].join(".");
        let name = format!("x-1-{}-{}-{}.whl", tags("py3"), tags("none"), tags("linux_x86_64"));
        requirements(format!("./{name} --hash=sha256:{:064x}\n", 1))
    }),
    ("rules that hide deep folders", |size| {
        let rule = format!("{}/b\n", "**/a".repeat(60));
        let deep = "a/".repeat(120);
        requirements("idna\n".to_owned())
            .and([(".dockerignore", rule.repeat(size / 250 + 1))])
            .with_file(format!("{deep}x.py"), String::new())
    }),
    ("rules", |size| {
        let mut project =
            requirements("idna\n".to_owned()).and([(".dockerignore", "**/a*b?c\n".repeat(size / 12))]);
        // A fixed number: the cost is that of every rule on every path, which grows as the square where both
        // grow.
        for at in 0..64 {
            project.files.push((format!("a/folder{at}/x.py"), String::new()));
        }
        project
    }),
    ("a rule of many characters", |size| {
        requirements("idna\n".to_owned())
            .and([(".dockerignore", format!("*[{}]*\n", "a-z".repeat(size / 3)))])
    }),
    ("variables of a Dockerfile", |size| {
        dockerfile(lines(size / 20, |at| format!("ENV A{at}=$A{}\n", at / 2)))
    }),
    ("variables that double", |size| {
        dockerfile(lines((size / 20).min(2000), |at| format!("ENV A{}=$A{at}$A{at}x\n", at + 1)))
    }),
    ("stages of a Dockerfile", |size| {
        dockerfile(lines(size / 30, |at| format!("FROM python:3.12 AS s{at}\nRUN x\n")))
    }),
    ("ports of a Dockerfile", |size| {
        dockerfile(format!("EXPOSE {}\n", lines(size / 7, |at| format!("{at} "))))
    }),
    ("commands of a Dockerfile", |size| {
        dockerfile(format!("RUN x {}\n", "&& pip install a ".repeat(size / 17)))
    }),
    ("a line of a Dockerfile", |size| dockerfile(format!("RUN x {}y\n", "\\\n".repeat(size / 2)))),
];
