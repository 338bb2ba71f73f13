//! Options as clients send them.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use buildkit_llb::{Network, Platform, ProxyEnv, ResolveMode};

use super::values::csv_fields;
use super::*;

fn read(options: &[&str]) -> Result<Options, OptionError> {
    let variables = options
        .iter()
        .enumerate()
        .map(|(index, option)| (format!("BUILDKIT_FRONTEND_OPT_{index}"), (*option).to_owned()));
    Options::from_env(variables)
}

fn valid(options: &[&str]) -> Options {
    read(options).expect("valid options")
}

fn message(option: &str) -> String {
    read(&[option]).expect_err(option).to_string()
}

fn platform(text: &str) -> Platform {
    Platform::parse(text).expect(text).normalized()
}

#[test]
fn an_empty_environment_gives_the_defaults() {
    let options = valid(&[]);
    assert_eq!(options.build_file_source, "dockerfile");
    assert_eq!(options, Options { build_file_source: "dockerfile".to_owned(), ..Options::default() });
}

#[test]
fn the_session_the_workers_and_the_product_are_read() {
    let workers = r#"[{"id":"w","labels":{},"platforms":[{"architecture":"arm64","os":"linux","variant":"v8"},
        {"architecture":"amd64","os":"linux"}],"gcPolicy":null}]"#;
    let variable = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let options = Options::from_env([
        variable("BUILDKIT_SESSION_ID", "sess"),
        variable("BUILDKIT_EXPORTEDPRODUCT", "buildkit"),
        variable("BUILDKIT_WORKERS", workers),
        variable("BUILDKIT_FRONTEND_OPT_7", "local-sessionid:lib=other"),
        variable("PATH", "/bin"),
    ])
    .expect("valid");
    assert_eq!((options.session_id.as_str(), options.product.as_str()), ("sess", "buildkit"));
    assert_eq!(options.build_platform, Some(platform("linux/arm64")));
    assert_eq!((options.session_of("context"), options.session_of("lib")), ("sess", "other"));
    for nothing in ["null", "[]", r#"[{"platforms":null}]"#] {
        let options = Options::from_env([variable("BUILDKIT_WORKERS", nothing)]).expect(nothing);
        assert_eq!(options.build_platform, None);
    }
}

#[test]
fn values_are_split_at_the_first_equals_sign() {
    let options = valid(&["build-arg:A=b=c\nd", "build-arg:EMPTY=", "label:org.x=1=2"]);
    assert_eq!(options.build_args["A"], "b=c\nd");
    assert_eq!(options.build_args["EMPTY"], "");
    assert_eq!(options.labels["org.x"], "1=2");
}

#[test]
fn the_context_comes_from_the_option_that_contextkey_names() {
    let options = valid(&[
        "contextkey=ctx",
        "ctx=https://x/y.git",
        "dockerfilekey=conf",
        "filename=a/pybuild.toml",
        "contextsubdir=sub",
    ]);
    assert_eq!(options.context, "https://x/y.git");
    assert_eq!((options.build_file_source.as_str(), options.build_file_is_local), ("conf", true));
    assert_eq!(options.filename.as_deref(), Some("a/pybuild.toml"));
    assert_eq!(options.context_subdir.as_deref(), Some("sub"));
    assert_eq!(options.unknown, BTreeMap::new());
}

#[test]
fn platforms_are_normalised_and_several_mean_a_keyed_result() {
    let several = valid(&["platform=linux/amd64,linux/aarch64"]);
    assert_eq!(several.platforms, [platform("linux/amd64"), platform("linux/arm64")]);
    assert!(several.multi_platform);
    assert!(!valid(&["platform=linux/amd64"]).multi_platform);
    assert!(valid(&["platform=linux/amd64", "multi-platform=1"]).multi_platform);
    assert!(!valid(&["multi-platform=true", "build-arg:BUILDKIT_MULTI_PLATFORM=false"]).multi_platform);
    let conflict = read(&["platform=linux/amd64,linux/arm64", "multi-platform=false"]);
    assert_eq!(conflict, Err(OptionError::NotMultiPlatform { count: 2 }));
}

#[test]
fn no_cache_is_for_all_or_for_stages_in_any_case() {
    assert_eq!(valid(&[]).no_cache, NoCache::Off);
    assert_eq!(valid(&["no-cache="]).no_cache, NoCache::All);
    let stages = valid(&["no-cache=Test,dev"]).no_cache;
    assert!(stages.covers("test") && stages.covers("DEV") && !stages.covers("production"));
    assert!(NoCache::All.covers("test") && !NoCache::Off.covers("test"));
}

#[test]
fn limits_and_hosts_of_steps_are_read() {
    let options = valid(&[
        "add-hosts=\"Db=10.0.0.1\",v6=::1",
        "shm-size=67108864",
        "ulimit=nofile=1024:2048,nproc=-1",
        "memory=1024",
        "memswap=-1",
        "cpushares=2",
        "cpusetcpus=0-3,5",
        "cgroup-parent=/x",
        "hostname=a",
        "build-arg:BUILDKIT_SANDBOX_HOSTNAME=b",
        "force-network-mode=none",
    ]);
    let host = |host: &str, ip: IpAddr| ExtraHost { host: host.to_owned(), ip };
    assert_eq!(
        options.extra_hosts,
        [host("db", Ipv4Addr::new(10, 0, 0, 1).into()), host("v6", Ipv6Addr::LOCALHOST.into())]
    );
    assert_eq!(options.shm_size, Some(67_108_864));
    let ulimit = |name: &str, soft, hard| Ulimit { name: name.to_owned(), soft, hard };
    assert_eq!(options.ulimits, [ulimit("nofile", 1024, 2048), ulimit("nproc", -1, -1)]);
    let expected = Resources {
        memory: Some(1024),
        memory_swap: Some(-1),
        cpu_shares: Some(2),
        cpuset_cpus: "0-3,5".to_owned(),
        ..Resources::default()
    };
    assert_eq!(options.resources, expected);
    assert!(!options.resources.is_empty());
    assert_eq!((options.cgroup_parent.as_str(), options.hostname.as_str()), ("/x", "b"));
    assert_eq!(options.network, Network::None);
    assert_eq!(options.build_args, BTreeMap::new(), "arguments for the frontend are not for steps");
}

#[test]
fn proxies_stay_build_arguments() {
    let options =
        valid(&["build-arg:HTTP_PROXY=upper", "build-arg:http_proxy=lower", "build-arg:No_Proxy=x"]);
    let expected = ProxyEnv { http: "lower".to_owned(), no: "x".to_owned(), ..ProxyEnv::default() };
    assert_eq!(options.proxy, expected);
    assert_eq!(options.build_args.len(), 3);
}

#[test]
fn caches_of_both_spellings_are_imported_once() {
    let options = valid(&[
        r#"cache-imports=[{"Type":"registry","Attrs":{"ref":"a"}},{"Type":"gha","Attrs":null}]"#,
        "cache-from=a,b",
    ]);
    let registry = |reference: &str| CacheImport {
        kind: "registry".to_owned(),
        attributes: [("ref".to_owned(), reference.to_owned())].into(),
    };
    let gha = CacheImport { kind: "gha".to_owned(), ..CacheImport::default() };
    assert_eq!(options.cache_imports, [registry("a"), gha, registry("b")]);
}

#[test]
fn named_contexts_are_found_by_short_name_and_platform_first() {
    let options = valid(&[
        "context:python=docker-image://a",
        "context:python::linux/arm64=docker-image://b",
        "context:lib=local:lib",
        "sharedkey:localdir:lib=/home/me/lib",
        "input-metadata:x={}",
    ]);
    let found =
        |name: &str, on: &str| options.named_context(name, &platform(on)).map(|context| context.value);
    assert_eq!(found("library/python:latest", "linux/amd64"), Some("docker-image://a"));
    assert_eq!(found("python", "linux/arm64/v8"), Some("docker-image://b"));
    assert_eq!(found("python:3.11", "linux/amd64"), None);
    let lib = options.named_context("lib", &platform("linux/amd64")).expect("there");
    assert_eq!((lib.key.as_str(), lib.shared_key), ("lib", "/home/me/lib"));
    assert_eq!(options.input_metadata["x"], "{}");
    let key = options.named_context("python", &platform("linux/arm64")).map(|context| context.key);
    assert_eq!(key.as_deref(), Some("python::linux/arm64"));
}

#[test]
fn requests_checks_and_sboms_are_read() {
    let options = valid(&[
        "requestid=frontend.lint",
        "frontend.caps=moby.buildkit.frontend.contexts+forward,moby.buildkit.frontend.inputs",
        "build-arg:BUILDKIT_DOCKERFILE_CHECK=skip=A, B;error=true;experimental=all",
        "attest:sbom=generator=me/scanner,x=y",
        "attest:provenance=mode=max",
        "image-resolve-mode=pull",
        "build-arg:SOURCE_DATE_EPOCH=17",
        "target=test",
    ]);
    assert_eq!(options.request.as_deref(), Some("frontend.lint"));
    assert_eq!(options.required_caps, ["moby.buildkit.frontend.contexts", "moby.buildkit.frontend.inputs"]);
    let check = CheckOptions {
        skip: vec!["A".to_owned(), "B".to_owned()],
        error: true,
        experimental_all: true,
        ..CheckOptions::default()
    };
    assert_eq!(options.check, Some(check));
    let sbom = options.sbom.expect("asked for");
    assert_eq!(sbom.generator.expect("named").familiar(), "me/scanner:latest");
    assert_eq!(sbom.parameters["x"], "y");
    assert_eq!(options.resolve_mode, ResolveMode::ForcePull);
    assert_eq!(options.source_date_epoch, Some(SourceDateEpoch::Seconds(17)));
    assert_eq!(options.build_args["SOURCE_DATE_EPOCH"], "17");
    assert_eq!(options.target.as_deref(), Some("test"));
    let plain = valid(&[
        "attest:sbom=",
        "build-arg:SOURCE_DATE_EPOCH=context",
        "build-arg:BUILDKIT_DOCKERFILE_CHECK=",
    ]);
    let named_none = SbomOptions { generator: None, parameters: BTreeMap::new() };
    assert_eq!(plain.sbom, Some(named_none));
    assert_eq!(plain.source_date_epoch, Some(SourceDateEpoch::Of("context".to_owned())));
    assert_eq!(plain.check, Some(CheckOptions::default()));
}

#[test]
fn unknown_keys_are_kept_and_foreign_ones_dropped() {
    let options = valid(&["brand-new=1", "vcs:source=x", "build-arg:BUILDKIT_SYNTAX=img", "no-equals-sign"]);
    let unknown: Vec<_> = options.unknown.into_iter().collect();
    let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    assert_eq!(unknown, [pair("brand-new", "1"), pair("no-equals-sign", "")]);
    assert_eq!(options.build_args, BTreeMap::new());
}

#[test]
fn bad_values_name_key_value_and_what_is_accepted() {
    let ulimit = "`name=soft[:hard]` with a name of `docker run --ulimit` and soft at most hard, several separated by \
                  commas";
    let cases = [
        ("multi-platform=maybe", "`true` or `false`"),
        ("image-resolve-mode=x", "`default`, `pull` or `local`"),
        ("force-network-mode=x", "`sandbox`, `none` or `host`"),
        ("add-hosts=db", "`host=ip`, several separated by commas"),
        ("add-hosts=db=nope", "`host=ip`, several separated by commas"),
        ("shm-size=1m", "a number of bytes"),
        ("ulimit=nofile", ulimit),
        ("ulimit=as=1", ulimit),
        ("ulimit=nofile=2:1", ulimit),
        ("ulimit=nofile=-1:1", ulimit),
        ("memory=0", "a whole number above 0"),
        ("memswap=-2", "a whole number above 0, or -1 for no limit"),
        ("cpusetmems=3-1", "numbers up to 8192 and ranges such as `0-3,5`"),
        ("cpusetcpus=0-99999", "numbers up to 8192 and ranges such as `0-3,5`"),
        ("cache-imports={}", "a JSON array of objects with `Type` and `Attrs`"),
        (
            "build-arg:BUILDKIT_DOCKERFILE_CHECK=skip",
            "`skip=`, `experimental=` (rules or `all`) and `error=`, separated by `;`",
        ),
    ];
    for (option, accepted) in cases {
        let (key, value) = option.split_once('=').expect("an option");
        assert_eq!(message(option), format!("option `{key}` has the value `{value}`; accepted: {accepted}"));
    }
    assert_eq!(message("platform=linux/"), "option `platform` has the value `linux/`");
    assert_eq!(message("attest:sbom=generator=A"), "option `attest:sbom` does not name an image");
}

#[test]
fn fields_in_quotes_may_hold_commas_and_quotes() {
    assert_eq!(csv_fields("a,\"b,\"\"c\"\"\",").expect("valid"), ["a", "b,\"c\"", ""]);
    assert_eq!(csv_fields("\"a"), None);
    assert_eq!(csv_fields("\"a\"b"), None);
    assert_eq!(csv_fields("a\"b"), None);
}

#[test]
fn damaged_options_are_never_a_panic() {
    const GIVEN: [&str; 26] = [
        "platform=linux/amd64,linux/arm64/v8,windows(10.0.1)/amd64",
        "multi-platform=true",
        "add-hosts=\"db=10.0.0.1\",v6=::1",
        "ulimit=nofile=1024:2048,nproc=-1",
        "shm-size=67108864",
        "memory=1024",
        "memswap=-1",
        "cpushares=2",
        "cpusetcpus=0-3,5",
        "no-cache=test,dev",
        "image-resolve-mode=pull",
        "force-network-mode=none",
        "cache-imports=[{\"Type\":\"registry\",\"Attrs\":{\"ref\":\"a\"}}]",
        "cache-from=a,b",
        "context:python::linux/arm64=docker-image://b",
        "context=https://host/a.git?ref=v1&subdir=x#main:sub",
        "attest:sbom=generator=me/scanner,x=y",
        "build-arg:SOURCE_DATE_EPOCH=17",
        "build-arg:BUILDKIT_DOCKERFILE_CHECK=skip=A, B;error=true;experimental=all",
        "build-arg:BUILDKIT_SBOM_SCAN_STAGE=a,b",
        "build-arg:http_proxy=http://proxy",
        "frontend.caps=moby.buildkit.frontend.contexts+forward",
        "input-metadata:x={}",
        "local-sessionid:lib=other",
        "label:a=b",
        "requestid=frontend.lint",
    ];
    let mut numbers = crate::mutation::Numbers::new(3);
    let mut accepted = 0;
    for round in 0..4000 {
        let option = GIVEN[round % GIVEN.len()];
        // In half of the rounds the key stays unchanged, so that damaged text reaches the parser of its
        // value.
        let damaged = match option.split_once('=').filter(|_| round % 2 == 0) {
            Some((key, value)) => format!("{key}={}", numbers.mutated(value)),
            None => numbers.mutated(option),
        };
        match read(&[&damaged]) {
            Ok(options) => {
                accepted += 1;
                let _ = crate::gateway::git_url::ContextSource::of(&options);
                let target = platform("linux/arm64");
                for name in ["python", "lib"] {
                    if let Some(found) = options.named_context(name, &target) {
                        let _ = crate::gateway::named_context::NamedSource::parse(&found.key, found.value);
                    }
                }
            }
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    }
    assert!(accepted > 100, "{accepted} were accepted");
}
