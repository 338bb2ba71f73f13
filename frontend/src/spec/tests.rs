use super::*;

mod elsewhere;
mod limits;

fn parse(text: &str) -> (Option<Spec>, Vec<String>) {
    parse_as("pybuild.toml", text)
}

fn parse_as(name: &str, text: &str) -> (Option<Spec>, Vec<String>) {
    let source = Arc::new(Source::new(name, text));
    let (spec, found) = Spec::parse(&source, Arguments::default());
    let lines = found.errors().iter().map(|error| format!("{}: {}", error.line(), error.problem)).collect();
    (spec, lines)
}

#[test]
fn an_empty_file_has_the_stages_that_need_no_naming() {
    let (spec, problems) = parse("# syntax=localhost:5000/pybuild:dev\n");
    assert_eq!(problems, Vec::<String>::new());
    assert_eq!(spec.unwrap().targets(), ["builder", "dev", "test", "production"]);
}

#[test]
fn every_mistake_of_a_file_is_found_at_its_line() {
    let text = r#"
colour = "red"
[python]
version = "three"
base = "Python:3"
[dependencies]
requirements = "requirements.txt"
[system]
packages = ["lib pq", 5]
[app]
include = ["/etc/passwd"]
workdir = "app"
[stage.builder]
[stage."no good"]
[stage.production]
stop-signal = "SIGNOPE"
copy = [{ path = "/x", from = "tset", mode = "9" }]
healthcheck = { interval = "1s" }
requires = ["dev", "nowhere"]
env = { "A B" = "x", N = 1.5 }
checks.unit = { run = "", network = "no" }
[args]
"1X" = "a"
"#;
    let (_, problems) = parse(text);
    insta::assert_snapshot!(problems.join("\n"));
}

#[test]
fn a_syntax_error_is_the_only_one_that_is_told() {
    let (spec, problems) = parse("[python\nversion = 3.11\nbad");
    assert!(spec.is_none());
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert!(problems[0].starts_with("1: invalid TOML: "), "{problems:?}");
}

#[test]
fn stages_that_need_one_another_in_a_circle_are_refused() {
    let (_, problems) = parse("[stage.a]\nfrom = \"b\"\n[stage.b]\nfrom = \"a\"\n[stage.c]\nfrom = \"c\"\n");
    assert_eq!(
        problems,
        [
            "4: stages depend on one another in a circle: a → b → a",
            "6: stages depend on one another in a circle: c → c",
        ]
    );
}

#[test]
fn a_word_that_is_no_stage_is_an_image() {
    let (spec, problems) = parse(
        "[stage.db]\nfrom = \"postgres\"\n[stage.own]\nfrom = \"dev\"\n[stage.none]\nfrom = \"scratch\"\n",
    );
    assert_eq!(problems, Vec::<String>::new());
    let spec = spec.unwrap();
    let from = |name: &str| spec.stages[name].from.clone().unwrap().value;
    assert!(matches!(from("db"), Base::Image(image) if image.familiar() == "postgres"));
    assert_eq!(from("own"), Base::Stage("dev".into()));
    assert_eq!(from("none"), Base::Scratch);
}

#[test]
fn the_table_in_pyproject_is_read_in_place() {
    let text = "[project]\nname = \"x\"\n[tool.pybuild.python]\nversoin = \"3.12\"\n[tool.pybuild.stage.dev]\nexpose = [8000]\n";
    let (spec, problems) = parse_as("pyproject.toml", text);
    assert_eq!(problems, ["4: unknown key `versoin` in [python]; did you mean `version`?"]);
    assert_eq!(spec.unwrap().stages["dev"].image.expose[0].value.0, ["8000/tcp"]);
    // A project without settings for pybuild gets all defaults.
    assert_eq!(parse_as("pyproject.toml", "[project]\nname = \"x\"\n").1, Vec::<String>::new());
}

#[test]
fn args_reach_every_value_that_expands() {
    let text = "[args]\nTAG = \"3.12\"\n[python]\nbase = \"python:${TAG}-slim\"\n[stage.production]\nlabels = { v = \"${TAG}\" }\nexpose = [\"${NOPE}\"]\n";
    let (spec, problems) = parse(text);
    assert_eq!(problems, ["7: unknown build arg `NOPE`"]);
    let spec = spec.unwrap();
    assert_eq!(spec.python.base.unwrap().value.title(), "python:3.12-slim");
    assert_eq!(spec.stages["production"].image.labels["v"], "3.12");
}

#[test]
fn an_os_package_may_be_for_some_platforms_alone() {
    let text = "[system]\npackages = [\"curl\", { name = \"libatomic1\", platforms = [\"linux/arm64/v8\", \"arm\"] }]\n\
                [stage.debug]\npackages = [{ name = \"msr-tools\", platforms = [\"linux/amd64\"] }]\n";
    let names = |platform: Option<&str>| {
        let source = Arc::new(Source::new("pybuild.toml", text));
        let target = platform.map(|platform| ("TARGETPLATFORM".to_owned(), platform.to_owned()));
        let (spec, found) =
            Spec::parse(&source, Arguments::new(BTreeMap::new(), target.into_iter().collect()));
        assert!(!found.has_errors(), "{}", found.summary());
        let spec = spec.unwrap();
        let packages = spec.system.packages.iter().chain(&spec.stages["debug"].packages);
        packages.map(|package| package.value.clone()).collect::<Vec<_>>()
    };
    assert_eq!(names(Some("linux/amd64")), ["curl", "msr-tools"]);
    assert_eq!(names(Some("linux/arm64")), ["curl", "libatomic1"]);
    assert_eq!(names(Some("linux/arm/v7")), ["curl", "libatomic1"]);
    assert_eq!(names(Some("linux/riscv64")), ["curl"]);
    // An editor checks the file without a build.
    assert_eq!(names(None), ["curl", "libatomic1", "msr-tools"]);
}

#[test]
fn a_package_that_says_its_platforms_wrongly_is_refused() {
    let problems = |entry: &str| parse(&format!("[system]\nruntime = [{entry}]\n")).1;
    let cases = [
        (
            "{ name = \"a\", platforms = [\"linux\"] }",
            "platform `linux` lacks an architecture; write `os/architecture[/variant]`",
        ),
        ("{ name = \"a\", platforms = [] }", "`platforms` is empty"),
        ("{ name = \"a\" }", "`platforms` is required in `runtime`"),
        ("{ platforms = [\"linux/amd64\"] }", "`name` is required in `runtime`"),
        ("{ name = \"a\", platform = [\"linux/amd64\"] }", "`platforms` is required in `runtime`"),
        (
            "{ name = \"-a\", platforms = [\"linux/amd64\"] }",
            "`-a` is not a valid package name: it looks like an option",
        ),
    ];
    for (entry, message) in cases {
        let found = problems(entry);
        assert_eq!(found.first().map(String::as_str), Some(&*format!("2: {message}")), "{entry}: {found:?}");
    }
}

#[test]
fn args_stand_in_groups_extras_numbers_of_users_and_lists_of_words() {
    let text = r#"
args = { GROUP = "gpu", NONE = "", UID = "2000", APP = "shop" }
dependencies.extras = ["${GROUP}", "${NONE}"]
[stage.production]
groups = ["${NONE}", "x-${GROUP}"]
user = { name = "web", uid = "${UID}", gid = 0 }
command = ["gunicorn", "${APP}.wsgi", "$HOME", "${OTHER}", "$${APP}"]
entrypoint = ["sh", "-c", "exec ${APP}"]
"#;
    let (spec, problems) = parse(text);
    assert_eq!(problems, Vec::<String>::new());
    let spec = spec.unwrap();
    let names = |list: &[Located<String>]| list.iter().map(|name| name.value.clone()).collect::<Vec<_>>();
    assert_eq!(names(&spec.dependencies.extras), ["gpu"]);
    let stage = &spec.stages["production"];
    assert_eq!(names(stage.groups.as_ref().unwrap()), ["x-gpu"]);
    let user = User::Named { name: "web".into(), uid: Some(2000), gid: Some(0) };
    assert_eq!(stage.image.user.as_ref().unwrap().value, user);
    let words = ["gunicorn", "shop.wsgi", "$HOME", "${OTHER}", "${APP}"].map(str::to_owned);
    assert_eq!(stage.image.command, Some(Command::Arguments(words.to_vec())));
    assert_eq!(stage.image.entrypoint.as_ref().unwrap().arguments()[2], "exec ${APP}");
    let (_, problems) =
        parse("[args]\nUID = \"x\"\n[stage.production]\nuser = { name = \"web\", uid = \"${UID}\" }\n");
    assert_eq!(problems, ["4: `x` is not a number between 0 and 4294967295"]);
}

#[test]
fn a_path_goes_on_from_the_bases_or_names_the_environment() {
    let of = |value: &str| {
        let (spec, problems) = parse(&format!("[stage.production]\nenv.PATH = \"{value}\"\n"));
        assert_eq!(problems, Vec::<String>::new());
        spec.unwrap().stages["production"].image.env.clone()
    };
    let kept = of("/opt/bin:${PATH}");
    assert_eq!((kept.variables["PATH"].as_str(), kept.lost_path), ("/opt/bin:${PATH}", None));
    assert_eq!(of("/venv/bin:/bin").lost_path, None);
    assert!(of("/opt/bin:/bin").lost_path.is_some());
    let (_, problems) = parse("[stage.production]\nenv.PATH = \"${PATH}:${PATH}\"\n");
    assert_eq!(problems, ["2: `${PATH}:${PATH}` is not a valid PATH: `${PATH}` may stand there once"]);
    let (_, problems) = parse("[stage.production]\nenv.OTHER = \"${PATH}\"\n");
    assert_eq!(problems.len(), 1);
}
