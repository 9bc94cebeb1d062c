//! Four-letter words as tools read them.

mod common;

use common::Running;
use proto::OpCode;
use testkit::client::request;

#[test]
fn words_outside_the_white_list_say_so() {
    let server = Running::start(&["4lw.commands.whitelist=ruok"], "");
    assert_eq!(server.word("ruok"), "imok");
    let refused = " is not executed because it is not in the whitelist.\n";
    assert_eq!(server.word("mntr"), format!("mntr{refused}"));
    let telnet = server.exchange(&[0xff, 0xf4, 0xff, 0xfd]);
    assert_eq!(String::from_utf8(telnet).unwrap(), format!("telnet close{refused}"));
    assert!(server.word("srvr").contains("Mode: standalone\n"), "srvr is always allowed");
}

#[test]
fn telnets_code_is_no_word_even_if_allowed() {
    let server = Running::start(&[], "");
    assert!(server.exchange(&[0xff, 0xf4, 0xff, 0xfd]).is_empty());
}

#[test]
fn srvr_and_stat_have_javas_lines() {
    let server = Running::start(&[], "");
    let mut client = server.connect();
    client.create("/a", b"", 0).unwrap();
    let srvr = server.word("srvr");
    let keys: Vec<&str> = srvr.lines().filter_map(|line| line.split(": ").next()).collect();
    let server_keys = [
        "Latency min/avg/max",
        "Received",
        "Sent",
        "Connections",
        "Outstanding",
        "Zxid",
        "Mode",
        "Node count",
    ];
    assert_eq!(keys[0], "Zookeeper version");
    assert_eq!(&keys[1..], &server_keys);
    assert!(srvr.contains("\nZxid: 0x2\n"), "{srvr}");
    assert!(srvr.contains("\nNode count: 6\n"), "{srvr}");
    assert!(srvr.starts_with("Zookeeper version: 3.9.5-test, built on 2026-11-23 00:00 UTC\n"));
    let stat = server.word("stat");
    assert!(stat.contains("\nClients:\n /127.0.0.1:"), "{stat}");
    assert!(stat.contains("[1](queued=0,recved=2,sent=2)\n"), "{stat}");
    assert!(stat.contains("[0](queued=0,recved=1,sent=0)\n\nLatency"), "{stat}");
}

#[test]
fn cons_shows_the_last_operation() {
    let server = Running::start(&[], "");
    let mut client = server.connect();
    client.create("/a", b"", 0).unwrap();
    let cons = server.word("cons");
    let session = format!(",sid={},lop=CREA,est=", client.session_id());
    assert!(cons.contains(&session), "{cons}");
    assert!(cons.contains(",to=4000,lcxid=0x1,lzxid=0x2,lresp="), "{cons}");
    assert!(cons.ends_with(")\n\n"), "{cons}");
    assert_eq!(server.word("crst"), "Connection stats reset.\n");
    let cons = server.word("cons");
    assert!(cons.contains("recved=0,sent=0") && cons.contains(",lop=NA,"), "{cons}");
}

#[test]
fn dump_lists_sessions_ephemerals_and_connections() {
    let server = Running::start(&[], "");
    let mut client = server.connect();
    client.create("/e", b"", 1).unwrap();
    let dump = server.word("dump");
    let session = client.session_id();
    for part in [
        "SessionTracker dump:\nSession Sets (1)/(1):\n1 expire at ".to_owned(),
        format!(":\n\t{session}\nephemeral nodes dump:\n"),
        format!("Sessions with Ephemerals (1):\n{session}:\n\t/e\nConnections dump:\n"),
        "Connections Sets (".to_owned(),
        format!(" sessionId: {session}\n"),
        " sessionId: 0x0\n".to_owned(),
    ] {
        assert!(dump.contains(&part), "{part} in {dump}");
    }
}

#[test]
fn watches_are_shown_in_three_ways() {
    let server = Running::start(&[], "");
    let mut client = server.connect();
    client.get_data("/zookeeper", true).unwrap();
    let session = client.session_id();
    assert_eq!(server.word("wchs"), "1 connections watching 1 paths\nTotal watches:1\n");
    assert_eq!(server.word("wchc"), format!("{session}\n\t/zookeeper\n\n"));
    assert_eq!(server.word("wchp"), format!("/zookeeper\n\t{session}\n\n"));
}

#[test]
fn conf_and_dirs_tell_where_data_is() {
    let server = Running::start(&[], "");
    let conf = server.word("conf");
    let data = server.folder().join("data/version-2");
    assert!(conf.starts_with(&format!("clientPort={}\n", server.address().port())), "{conf}");
    assert!(conf.contains(&format!("\ndataDir={}\n", data.display())), "{conf}");
    assert!(conf.ends_with(
        "\ntickTime=200\nmaxClientCnxns=60\nminSessionTimeout=400\nmaxSessionTimeout=4000\n\
         clientPortListenBacklog=-1\nserverId=0\n"
    ));
    let dirs = server.word("dirs");
    assert!(dirs.starts_with("datadir_size: ") && dirs.contains("\nlogdir_size: "), "{dirs}");
}

#[test]
fn masks_are_kept() {
    let server = Running::start(&[], "");
    assert_eq!(server.word("gtmk"), "306");
    let mut stmk = b"stmk".to_vec();
    stmk.extend(7_i64.to_be_bytes());
    assert_eq!(server.exchange(&stmk), b"7");
    assert_eq!(server.word("gtmk"), "7");
}

#[test]
fn counters_start_again_with_srst() {
    let server = Running::start(&[], "");
    let mut client = server.connect();
    client.create("/a", b"", 0).unwrap();
    client.ask(OpCode::GetData, &request::path_watch(Some("/a"), false)).unwrap();
    assert_eq!(server.value("mntr", "zk_cnt_updatelatency"), "2", "a session and a node");
    assert_eq!(server.value("mntr", "zk_cnt_readlatency"), "1");
    assert_eq!(server.value("mntr", "zk_global_sessions"), "1");
    assert_eq!(server.word("srst"), "Server stats reset.\n");
    assert_eq!(server.value("mntr", "zk_cnt_updatelatency"), "0");
}

#[test]
fn a_word_with_a_line_end_is_answered() {
    let server = Running::start(&[], "");
    assert_eq!(server.word("ruok\r\n"), "imok");
    assert_eq!(server.word("isro\n"), "rw");
}
