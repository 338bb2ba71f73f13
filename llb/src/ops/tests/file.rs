use super::{amd64, caps, input, inputs, op};
use crate::{Copy, Exec, FileOp, Image, Local, MkDir, MkFile, Owner, Rm, State, Symlink, pb};
use pb::file_action::Action;

fn actions(state: &State) -> Vec<pb::FileAction> {
    match op(state).op {
        Some(pb::op::Op::File(file)) => file.actions,
        other => panic!("not a file operation: {other:?}"),
    }
}

fn only(state: &State) -> Action {
    let mut actions = actions(state);
    assert_eq!(actions.len(), 1);
    actions.remove(0).action.expect("an action")
}

fn base() -> State {
    Image::new("alpine").platform(&amd64()).state()
}

fn context() -> State {
    Local::new("context").state()
}

#[test]
fn actions_work_on_what_the_one_before_left() {
    let other = Local::new("other").state();
    let state = FileOp::on(&base())
        .mkdir(MkDir::new("/app"))
        .copy(Copy::new(&context(), "/", "/app/"))
        .copy(Copy::new(&base(), "/etc/passwd", "/app/"))
        .copy(Copy::new(&other, "/x", "/app/x"))
        .rm(Rm::new("/app/y"))
        .state();
    let shape: Vec<_> = actions(&state)
        .into_iter()
        .map(|action| (action.input, action.secondary_input, action.output))
        .collect();
    assert_eq!(inputs(&state), [input(&base(), 0), input(&context(), 0), input(&other, 0)]);
    assert_eq!(shape, [(0, -1, -1), (3, 1, -1), (4, 0, -1), (5, 2, -1), (6, -1, 0)]);
}

#[test]
fn on_scratch_the_first_action_has_no_input_and_names_have_no_base() {
    let named = Owner::named("app", Some("staff"));
    let state = FileOp::on(&State::scratch())
        .copy(Copy::new(&context(), "a", "b").owner(named))
        .mkdir(MkDir::new("/c"))
        .state();
    let found = actions(&state);
    assert_eq!((found[0].input, found[0].secondary_input), (-1, 0));
    assert_eq!(found[1].input, 1);
    let Some(Action::Copy(copy)) = &found[0].action else { panic!("not a copy") };
    let by_name = |name: &str| {
        let named = pb::NamedUserOpt { name: name.to_owned(), input: -1 };
        Some(pb::UserOpt { user: Some(pb::user_opt::User::ByName(named)) })
    };
    assert_eq!(copy.owner, Some(pb::ChownOpt { user: by_name("app"), group: by_name("staff") }));
}

#[test]
fn a_copy_leaves_mode_and_time_alone_unless_told() {
    let plain = FileOp::on(&base()).copy(Copy::new(&context(), "src/./x/", "dest/")).state();
    let expected = pb::FileActionCopy {
        src: "/src/x".to_owned(),
        dest: "/dest/".to_owned(),
        mode: -1,
        timestamp: -1,
        ..pb::FileActionCopy::default()
    };
    assert_eq!(only(&plain), Action::Copy(expected));
    assert_eq!(caps(&plain), ["file.base"]);
}

#[test]
fn a_copy_writes_all_it_is_told_and_asks_for_what_that_needs() {
    let copy = Copy::new(&context(), "/src", "/dest")
        .include(["*.py"])
        .exclude(["tests"])
        .required_paths(["main.py"])
        .owner(Owner::id(0, 1000))
        .mode(0o4755)
        .follow_symlinks(true)
        .dir_contents_only(true)
        .unpack(true)
        .create_dest_path(true)
        .wildcard(true)
        .allow_empty_wildcard(true)
        .always_replace_existing(true)
        .timestamp(0);
    let by_id = |id| Some(pb::UserOpt { user: Some(pb::user_opt::User::ById(id)) });
    let expected = pb::FileActionCopy {
        src: "/src".to_owned(),
        dest: "/dest".to_owned(),
        owner: Some(pb::ChownOpt { user: by_id(0), group: by_id(1000) }),
        mode: 0o4755,
        follow_symlink: true,
        dir_copy_contents: true,
        attempt_unpack_docker_compatibility: true,
        create_dest_path: true,
        allow_wildcard: true,
        allow_empty_wildcard: true,
        timestamp: 0,
        include_patterns: vec!["*.py".to_owned()],
        exclude_patterns: vec!["tests".to_owned()],
        always_replace_existing_dest_paths: true,
        mode_str: String::new(),
        required_paths: vec!["main.py".to_owned()],
    };
    let state = FileOp::on(&base()).copy(copy).state();
    assert_eq!(only(&state), Action::Copy(expected));
    assert_eq!(
        caps(&state),
        [
            "file.base",
            "file.copy.alwaysreplaceexistingdestpaths",
            "file.copy.includeexcludepatterns",
            "file.copy.requiredpaths",
        ]
    );
}

#[test]
fn the_last_of_a_numeric_and_a_symbolic_mode_counts() {
    let modes = |copy: Copy| match only(&FileOp::on(&base()).copy(copy).state()) {
        Action::Copy(copy) => (copy.mode, copy.mode_str),
        other => panic!("not a copy: {other:?}"),
    };
    let copy = || Copy::new(&context(), "/", "/");
    assert_eq!(modes(copy().mode(0o600).mode_str("go=rX")), (0, "go=rX".to_owned()));
    assert_eq!(modes(copy().mode_str("go=rX").mode(0o600)), (0o600, String::new()));
    assert_eq!(modes(copy().mode(0o600).mode_str("")), (-1, String::new()));
}

#[test]
fn files_directories_links_and_removals_have_the_fields_that_go_writes() {
    let owner = || Owner::named("1000", None);
    let wire_owner = Some(pb::ChownOpt {
        user: Some(pb::UserOpt { user: Some(pb::user_opt::User::ById(1000)) }),
        group: None,
    });
    let state = FileOp::on(&base())
        .mkfile(MkFile::new("f", vec![0, 1]).mode(0o100_755).owner(owner()).timestamp(5))
        .mkdir(MkDir::new("d/").parents(true).mode(0o1700).owner(owner()).timestamp(6))
        .symlink(Symlink::new("../target", "/link/").owner(owner()).timestamp(7))
        .rm(Rm::new("/gone/../here").allow_not_found(true).wildcard(true))
        .state();
    let found: Vec<Action> = actions(&state).into_iter().filter_map(|action| action.action).collect();
    let expected = [
        Action::Mkfile(pb::FileActionMkFile {
            path: "/f".to_owned(),
            mode: 0o755,
            data: vec![0, 1],
            owner: wire_owner.clone(),
            timestamp: 5,
        }),
        Action::Mkdir(pb::FileActionMkDir {
            path: "/d".to_owned(),
            mode: 0o700,
            make_parents: true,
            owner: wire_owner.clone(),
            timestamp: 6,
        }),
        Action::Symlink(pb::FileActionSymlink {
            oldpath: "../target".to_owned(),
            newpath: "/link/".to_owned(),
            owner: wire_owner,
            timestamp: 7,
        }),
        Action::Rm(pb::FileActionRm {
            path: "/here".to_owned(),
            allow_not_found: true,
            allow_wildcard: true,
        }),
    ];
    assert_eq!(found, expected);
    assert_eq!(caps(&state), ["file.base", "file.rm.wildcard", "file.symlink.create"]);
}

#[test]
fn owners_are_looked_up_in_the_base_and_root_needs_no_look() {
    let state = FileOp::on(&base()).mkdir(MkDir::new("/d").owner(Owner::named("root", Some("www")))).state();
    let Action::Mkdir(mkdir) = only(&state) else { panic!("not a directory") };
    let www = pb::user_opt::User::ByName(pb::NamedUserOpt { name: "www".to_owned(), input: 0 });
    let expected = pb::ChownOpt {
        user: Some(pb::UserOpt { user: Some(pb::user_opt::User::ById(0)) }),
        group: Some(pb::UserOpt { user: Some(www) }),
    };
    assert_eq!(mkdir.owner, Some(expected));
}

#[test]
fn the_platform_goes_on_to_commands_but_not_into_the_op() {
    let state = FileOp::on(&base()).mkdir(MkDir::new("/d")).state();
    assert_eq!(op(&state).platform, None);
    assert_eq!(op(&Exec::new(["true"]).run(&state).root()).platform, op(&base()).platform);
    let own = FileOp::on(&State::scratch()).platform(&amd64()).mkdir(MkDir::new("/d")).state();
    assert_eq!(own.platform(), Some(&amd64()));
    assert_eq!(op(&own).platform, None);
}

#[test]
fn without_actions_nothing_happens() {
    assert_eq!(FileOp::on(&base()).state(), base());
}
