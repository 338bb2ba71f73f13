//! The fields of each kind of op in the dump.

use serde_json::{Value, json};

use super::Object;
use crate::pb;

/// The longest content of a file that the dump shows, in bytes.
const SHOWN_CONTENT: usize = 256;

pub(super) fn describe(object: &mut Object, op: &pb::Op) {
    match &op.op {
        Some(pb::op::Op::Exec(op)) => exec(object, op),
        Some(pb::op::Op::Source(op)) => {
            object.put("identifier", op.identifier.as_str());
            object.put_set("attrs", json!(op.attrs));
        }
        Some(pb::op::Op::File(op)) => {
            object.put("actions", op.actions.iter().map(action).collect::<Vec<_>>());
        }
        Some(pb::op::Op::Build(op)) => {
            object.put("builder", op.builder);
            object.put_set("attrs", json!(op.attrs));
        }
        Some(pb::op::Op::Diff(op)) => {
            object.put("lower", op.lower.map(|lower| lower.input));
            object.put("upper", op.upper.map(|upper| upper.input));
        }
        // These ops have no fields besides their inputs.
        Some(pb::op::Op::Merge(_)) | None => {}
    }
}

fn exec(object: &mut Object, op: &pb::ExecOp) {
    if let Some(meta) = &op.meta {
        object.put("args", meta.args.clone());
        object.put_set("env", meta.env.clone());
        object.put("cwd", meta.cwd.as_str());
        object.put_set("user", meta.user.as_str());
        object.put_set("hostname", meta.hostname.as_str());
        object.put_set("cgroup_parent", meta.cgroup_parent.as_str());
        let hosts = meta.extra_hosts.iter().map(|host| format!("{}={}", host.host, host.ip));
        object.put_set("extra_hosts", hosts.collect::<Vec<_>>());
        let limits = meta.ulimit.iter().map(|limit| format!("{}={}:{}", limit.name, limit.soft, limit.hard));
        object.put_set("ulimit", limits.collect::<Vec<_>>());
        object.put_set("valid_exit_codes", meta.valid_exit_codes.clone());
        if let Some(proxy) = &meta.proxy_env {
            // Proxy addresses can contain passwords, so the dump shows only which proxies are set.
            let known = [
                ("http", &proxy.http_proxy),
                ("https", &proxy.https_proxy),
                ("ftp", &proxy.ftp_proxy),
                ("no", &proxy.no_proxy),
                ("all", &proxy.all_proxy),
            ];
            let set = known.into_iter().filter(|(_, value)| !value.is_empty()).map(|(name, _)| name);
            object.put("proxy", set.collect::<Vec<_>>());
        }
        if !meta.remove_mount_stubs_recursive {
            object.put("remove_mount_stubs", false);
        }
    }
    if op.network != 0 {
        object.put(
            "network",
            pb::NetMode::try_from(op.network).map_or("?", |mode| mode.as_str_name()).to_ascii_lowercase(),
        );
    }
    if op.security != 0 {
        object.put(
            "security",
            pb::SecurityMode::try_from(op.security)
                .map_or("?", |mode| mode.as_str_name())
                .to_ascii_lowercase(),
        );
    }
    let secret = |secret: &pb::SecretEnv| {
        let mut object = Object::default();
        object.put("name", secret.name.as_str());
        object.put("id", secret.id.as_str());
        object.put_set("optional", secret.optional);
        Value::from(object)
    };
    object.put_set("secret_env", op.secretenv.iter().map(secret).collect::<Vec<_>>());
    object.put_set("devices", op.cdi_devices.iter().map(|device| device.name.clone()).collect::<Vec<_>>());
    object.put("mounts", op.mounts.iter().map(mount).collect::<Vec<_>>());
}

fn mount(mount: &pb::Mount) -> Value {
    let mut object = Object::default();
    object.put("dest", mount.dest.as_str());
    let kind = pb::MountType::try_from(mount.mount_type);
    object.put("type", kind.map_or("?", |kind| kind.as_str_name()).to_ascii_lowercase());
    if mount.input >= 0 {
        object.put("input", mount.input);
    }
    // A secret or a socket always has output 0, and this value has no meaning.
    let may_have_output = matches!(kind, Ok(pb::MountType::Bind));
    if may_have_output && mount.output >= 0 {
        object.put("output", mount.output);
    }
    object.put_set("selector", mount.selector.as_str());
    object.put_set("read_only", mount.readonly);
    if mount.content_cache != 0 {
        let mode = pb::MountContentCache::try_from(mount.content_cache);
        object.put("content_cache", mode.map_or("?", |mode| mode.as_str_name()).to_ascii_lowercase());
    }
    if let Some(cache) = &mount.cache_opt {
        object.put("id", cache.id.as_str());
        let sharing = pb::CacheSharingOpt::try_from(cache.sharing);
        object.put("sharing", sharing.map_or("?", |sharing| sharing.as_str_name()).to_ascii_lowercase());
    }
    if let Some(memory) = &mount.tmpfs_opt {
        object.put_set("size", memory.size);
    }
    let secret = mount.secret_opt.as_ref().map(|it| (&it.id, it.uid, it.gid, it.mode, it.optional));
    let agent = mount.ssh_opt.as_ref().map(|it| (&it.id, it.uid, it.gid, it.mode, it.optional));
    if let Some((id, uid, gid, mode, optional)) = secret.or(agent) {
        object.put("id", id.as_str());
        object.put_set("uid", uid);
        object.put_set("gid", gid);
        object.put("mode", format!("{mode:04o}"));
        object.put_set("optional", optional);
    }
    object.into()
}

fn action(action: &pb::FileAction) -> Value {
    let mut object = Object::default();
    match &action.action {
        Some(pb::file_action::Action::Copy(it)) => {
            object.put("copy", it.src.as_str());
            object.put("to", it.dest.as_str());
            copy_options(&mut object, it);
        }
        Some(pb::file_action::Action::Mkfile(it)) => {
            object.put("mkfile", it.path.as_str());
            if it.data.len() <= SHOWN_CONTENT {
                object.put("data", String::from_utf8_lossy(&it.data));
            } else {
                object.put("bytes", it.data.len());
            }
            common(&mut object, Some(it.mode), it.owner.as_ref(), it.timestamp);
        }
        Some(pb::file_action::Action::Mkdir(it)) => {
            object.put("mkdir", it.path.as_str());
            object.put_set("parents", it.make_parents);
            common(&mut object, Some(it.mode), it.owner.as_ref(), it.timestamp);
        }
        Some(pb::file_action::Action::Rm(it)) => {
            object.put("rm", it.path.as_str());
            object.put_set("allow_not_found", it.allow_not_found);
            object.put_set("wildcard", it.allow_wildcard);
        }
        Some(pb::file_action::Action::Symlink(it)) => {
            object.put("symlink", it.newpath.as_str());
            object.put("target", it.oldpath.as_str());
            common(&mut object, None, it.owner.as_ref(), it.timestamp);
        }
        None => object.put("unknown", true),
    }
    object.put("input", action.input);
    if action.secondary_input >= 0 {
        object.put("from", action.secondary_input);
    }
    if action.output >= 0 {
        object.put("output", action.output);
    }
    object.into()
}

fn copy_options(object: &mut Object, copy: &pb::FileActionCopy) {
    object.put_set("include", copy.include_patterns.clone());
    object.put_set("exclude", copy.exclude_patterns.clone());
    object.put_set("required_paths", copy.required_paths.clone());
    let flags = [
        ("follow_symlinks", copy.follow_symlink),
        ("dir_contents_only", copy.dir_copy_contents),
        ("unpack", copy.attempt_unpack_docker_compatibility),
        ("create_dest_path", copy.create_dest_path),
        ("wildcard", copy.allow_wildcard),
        ("allow_empty_wildcard", copy.allow_empty_wildcard),
        ("always_replace_existing", copy.always_replace_existing_dest_paths),
    ];
    let set = flags.into_iter().filter(|(_, set)| *set).map(|(name, _)| name);
    object.put_set("options", set.collect::<Vec<_>>());
    object.put_set("mode_str", copy.mode_str.as_str());
    let mode = Some(copy.mode).filter(|mode| *mode >= 0 && copy.mode_str.is_empty());
    common(object, mode, copy.owner.as_ref(), copy.timestamp);
}

fn common(object: &mut Object, mode: Option<i32>, owner: Option<&pb::ChownOpt>, timestamp: i64) {
    if let Some(mode) = mode {
        object.put("mode", format!("{mode:04o}"));
    }
    if let Some(owner) = owner {
        let [user, group] = [&owner.user, &owner.group].map(|user| {
            user.as_ref().and_then(|user| user.user.as_ref()).map(|user| match user {
                pb::user_opt::User::ByName(named) => named.name.clone(),
                pb::user_opt::User::ById(id) => id.to_string(),
            })
        });
        let text = match (user, group) {
            (user, None) => user.unwrap_or_default(),
            (user, Some(group)) => format!("{}:{group}", user.unwrap_or_default()),
        };
        object.put("owner", text);
    }
    // -1 means that the engine chooses the time. 0 is a real time.
    if timestamp != -1 {
        object.put("timestamp", timestamp);
    }
}
