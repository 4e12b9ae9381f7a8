//! The configuration as its operator meets it: what is read, what is refused, and in which words.

use miette::{GraphicalReportHandler, GraphicalTheme};

use super::keys::{keys_of, sections};
use super::{Config, ConfigError, EXAMPLE, LogFormat, manual};

fn read(text: &str) -> Result<Config, ConfigError> {
    Config::read("gateway.toml", text, &[])
}

fn read_under(text: &str, environment: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let environment: Vec<(String, String)> = environment
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    Config::read("gateway.toml", text, &environment)
}

/// The refusal as a person sees it, without colours.
fn shown(error: &ConfigError) -> String {
    let mut out = String::new();
    let handler = GraphicalReportHandler::new_themed(GraphicalTheme::unicode_nocolor()).with_width(200);
    handler.render_report(&mut out, error).unwrap();
    out
}

/// The line of a report that holds the underline of `label`, and how long the underline is.
fn assert_shows(error: &ConfigError, expected: &[&str]) {
    let report = shown(error);
    for part in expected {
        assert!(report.contains(part), "{part:?} is not in\n{report}");
    }
}

#[test]
fn nothing_set_is_a_working_configuration() {
    let config = read("").unwrap();
    assert_eq!(config, Config::default());
    assert_eq!(config.server.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(config.public_url(), "http://127.0.0.1:8080");
    assert_eq!(config.socket_path().to_str(), Some("recharge-gateway.db.sock"));
}

#[test]
fn the_environment_wins_over_the_file_and_the_file_over_the_default() {
    let text = "[server]\nlisten = \"0.0.0.0:9000\"\nworkers = 2\n[policy]\nmax_attempts = 3\n";
    let config = read_under(
        text,
        &[
            ("RECHARGE_GATEWAY__SERVER__WORKERS", "6"),
            ("RECHARGE_GATEWAY__POLICY__DOUBT_QUERY_MS", "[5, 10]"),
            ("RECHARGE_GATEWAY__LOG__FORMAT", "json"),
            ("RECHARGE_GATEWAY__STORE__SEAL_KEY_ENV", "12345"),
            ("RECHARGE_GATEWAY__CALLBACKS__ALLOW_LOOPBACK", "true"),
        ],
    )
    .unwrap();
    assert_eq!(config.server.listen.port(), 9000);
    assert_eq!(config.server.workers, 6);
    assert_eq!(config.policy.max_attempts, 3);
    assert_eq!(config.policy.doubt_query_ms, [5, 10]);
    assert_eq!(config.policy.max_transmissions, Config::default().policy.max_transmissions);
    assert_eq!(config.log.format, LogFormat::Json);
    assert_eq!(config.store.seal_key_env.as_deref(), Some("12345"));
    assert!(config.callbacks.allow_loopback);
}

#[test]
fn an_unknown_key_is_underlined_and_the_nearest_one_named() {
    let error = read("[server]\nworkers = 2\nlisten_addr = \"1.2.3.4:1\"\nmax_in_flght = 7\n").unwrap_err();
    assert_shows(
        &error,
        &[
            "[server] has no key max_in_flght",
            "gateway.toml:4:1",
            "did you mean max_in_flight?",
        ],
    );
    assert_shows(&error, &["[server] has no key listen_addr", "gateway.toml:3:1"]);
    assert_eq!(error.complaints().len(), 2);
}

#[test]
fn an_unknown_section_and_a_key_outside_its_section_are_told_apart() {
    assert_shows(
        &read("[servre]\nworkers = 2\n").unwrap_err(),
        &["there is no section [servre]", "did you mean [server]?"],
    );
    assert_shows(
        &read("listen = \"x\"\n").unwrap_err(),
        &["there is no section [listen]", "listen belongs below [server]"],
    );
    assert_shows(&read("server = 3\n").unwrap_err(), &["server is a section, not a value"]);
    assert_shows(
        &read("[log]\nmax_attempts = 3\n").unwrap_err(),
        &["max_attempts belongs below [policy]"],
    );
}

#[test]
fn a_wrong_type_is_underlined_with_what_the_key_means() {
    let error = read("[server]\n\nworkers = \"many\"\n").unwrap_err();
    assert_shows(
        &error,
        &[
            "[server] workers cannot be this: invalid type: string \"many\", expected a whole number",
            "gateway.toml:3:11",
            "workers = \"many\"",
            "HTTP threads. 0 is one for each core.",
        ],
    );
    let underline = shown(&error).lines().find(|line| line.contains('┬')).unwrap().to_owned();
    assert_eq!(
        underline.chars().filter(|c| "─┬".contains(*c)).count(),
        "\"many\"".len(),
        "{underline}"
    );
    assert_shows(
        &read("[log]\nformat = \"xml\"\n").unwrap_err(),
        &["unknown variant `xml`, expected `json` or `text`"],
    );
    assert_shows(
        &read("[server]\nlisten = \"localhost\"\n").unwrap_err(),
        &["gateway.toml:2:10", "Address and port"],
    );
}

#[test]
fn every_mistake_is_told_at_once() {
    let text = "[server]\nworkers = \"many\"\ncolour = 1\n[log]\nformat = 7\n[nonsense]\n";
    let error = read_under(text, &[("RECHARGE_GATEWAY__SERVER__NODE", "x"), ("RECHARGE_GATEWAY__NOPE__X", "1")]).unwrap_err();
    assert_eq!(error.complaints().len(), 6, "{}", shown(&error));
}

#[test]
fn numbers_out_of_bounds_are_underlined_where_they_were_set() {
    let error = read("[server]\nnode = 1024\n").unwrap_err();
    assert_shows(&error, &["[server] node must be from 0 to 1023", "gateway.toml:2:8"]);
    let error = read("[policy]\nmax_attempts = 0\ndoubt_query_ms = []\n").unwrap_err();
    assert_shows(
        &error,
        &[
            "[policy] max_attempts must be from 1 to 99",
            "must list at least one wait",
            "gateway.toml:3:18",
        ],
    );
    let error = read("[server]\nmax_in_flight = 10\n").unwrap_err();
    assert_shows(&error, &["[server] max_in_flight_per_shop must be from 1 to 10"]);
    for url in ["ftp://x", "gateway.example.com", "https://u:p@x", "https://x/?a=1"] {
        let error = read(&format!("[server]\npublic_url = \"{url}\"\n")).unwrap_err();
        assert_shows(&error, &["[server] public_url must be http(s)://"]);
    }
    let error = read("[store]\nseal_key_env = \"A\"\nseal_key_file = \"b\"\n").unwrap_err();
    assert_shows(&error, &["exclude each other", "gateway.toml:3:17"]);
}

#[test]
fn an_override_that_overrides_nothing_is_refused_without_its_value() {
    let error = read_under("", &[("RECHARGE_GATEWAY__SERVER__LISSEN", "hunter2")]).unwrap_err();
    assert_shows(
        &error,
        &["RECHARGE_GATEWAY__SERVER__LISSEN overrides nothing", "did you mean listen?"],
    );
    assert!(!shown(&error).contains("hunter2"));
    let error = read_under("", &[("RECHARGE_GATEWAY__SEVER__LISTEN", "x")]).unwrap_err();
    assert_shows(&error, &["did you mean the section SERVER?"]);
    let error = read_under("", &[("RECHARGE_GATEWAY__SERVER", "x")]).unwrap_err();
    assert_shows(&error, &["RECHARGE_GATEWAY__SERVER overrides nothing"]);
}

#[test]
fn a_wrong_override_is_underlined_in_the_environment() {
    let error = read_under("", &[("RECHARGE_GATEWAY__SERVER__WORKERS", "many")]).unwrap_err();
    assert_shows(
        &error,
        &[
            "environment:1:35",
            "RECHARGE_GATEWAY__SERVER__WORKERS=many",
            "expected a whole number",
        ],
    );
    let error = read_under("[server]\nnode = 1\n", &[("RECHARGE_GATEWAY__SERVER__NODE", "5000")]).unwrap_err();
    assert_shows(&error, &["RECHARGE_GATEWAY__SERVER__NODE=5000", "must be from 0 to 1023"]);
}

#[test]
fn text_that_is_no_toml_is_refused_at_its_place() {
    let error = read("[server]\nworkers = = 2\n").unwrap_err();
    assert_shows(&error, &["gateway.toml is not TOML", "gateway.toml:2:"]);
    assert_shows(
        &read("[server]\nnode = 1\nnode = 2\n").unwrap_err(),
        &["gateway.toml:3:1", "duplicate key"],
    );
}

#[test]
fn a_byte_order_mark_is_no_mistake() {
    assert_eq!(read("\u{feff}[server]\nnode = 7\n").unwrap().server.node, 7);
}

#[test]
fn a_file_that_was_named_must_exist() {
    let missing = std::path::Path::new("/nonexistent/gateway.toml");
    let error = Config::load(Some(missing)).unwrap_err();
    assert_shows(
        &error,
        &["/nonexistent/gateway.toml cannot be read", "name an existing file with --config"],
    );
}

#[test]
fn the_example_documents_every_key_with_its_true_default() {
    let defaults = toml::Table::try_from(Config::default()).unwrap();
    for section in sections() {
        assert!(!keys_of(section).is_empty(), "[{section}] has no keys");
        for key in keys_of(section) {
            let help = manual::help(section, key);
            let (words, line) = help
                .rsplit_once('\n')
                .unwrap_or_else(|| panic!("[{section}] {key} is not documented"));
            assert!(words.len() > 20, "[{section}] {key} is hardly documented");
            let stated = toml::from_str::<toml::Table>(line).unwrap();
            match defaults.get(*section).and_then(|section| section.get(key)) {
                Some(default) => assert_eq!(stated.get(*key), Some(default), "[{section}] {key}"),
                None => assert!(words.contains("Absent"), "[{section}] {key} does not say what its absence means"),
            }
        }
    }
    assert_eq!(read(EXAMPLE).unwrap(), Config::default());
}

#[test]
fn the_example_with_every_line_in_force_is_understood() {
    let uncommented: Vec<&str> = EXAMPLE
        .lines()
        .map(|line| line.strip_prefix('#').filter(|rest| !rest.starts_with(' ')).unwrap_or(line))
        .filter(|line| !line.starts_with("seal_key_env"))
        .collect();
    let config = read(&uncommented.join("\n")).unwrap();
    assert_eq!(config.public_url(), "https://gateway.example.com");
    assert_eq!(config.policy, Config::default().policy);
}

#[test]
fn what_is_in_force_reads_back_as_the_same_configuration() {
    let config = read("[server]\nnode = 7\n[admin]\nsocket = \"/run/a.sock\"\n").unwrap();
    let effective = config.effective();
    let again = read(&effective).unwrap();
    assert_eq!(again.server.node, 7);
    assert_eq!(again.effective(), effective);
    assert!(effective.contains("socket = \"/run/a.sock\""), "{effective}");
}

#[test]
fn what_should_not_stay_so_on_a_server_is_warned_about() {
    assert!(read("").unwrap().warnings().is_empty());
    let config = read("[callbacks]\nallow_loopback = true\n[server]\nlisten = \"0.0.0.0:80\"\n").unwrap();
    assert_eq!(config.warnings().len(), 2);
    assert!(config.effective().starts_with("# warning: [callbacks] allow_loopback is on"));
    let behind_a_proxy = read("[server]\nlisten = \"0.0.0.0:80\"\npublic_url = \"https://g.example\"\n").unwrap();
    assert!(behind_a_proxy.warnings().is_empty());
}

#[test]
fn the_guide_shows_a_mistake_as_it_is_shown() {
    let guide = include_str!("../../docs/operator-guide.md");
    let error = read("[server]\nnode = 1\nworkers = 2\nmax_in_flght = 7\n").unwrap_err();
    let report = shown(&error);
    let body: Vec<&str> = guide
        .lines()
        .skip_while(|line| !line.contains("has no key max_in_flght"))
        .take_while(|line| *line != "```")
        .collect();
    assert!(body.len() > 5);
    for line in body {
        assert!(report.contains(line.trim()), "{line:?} is not in\n{report}");
    }
}
