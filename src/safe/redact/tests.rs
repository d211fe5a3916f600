use proptest::prelude::*;

use super::*;

fn redact(text: &str) -> String {
    Redactor::new(true).redact(text).into_owned()
}

const ALNUM: &str = "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A";
const HEX: &str = "4c0883a69102937d6231471b5dbb6204fe5129617082792ae468d01a3f362318";
const BASE64: &str =
    "kQH5HW/8p1uGOVjbgWA7FunAmGO8lsSUXNsu3eow76sz84Q18fWxnyRzBHCd3pd5nE9qa99HAZtuZuj6F1huXg==";
const SHORT: &str = "9vGz4tQ8xPc2RmYk7LwNb5HsJd3FaUe6";
const UUID: &str = "985d5b66-57ce-40fb-b714-afc0b9787083";
const JWT: &str = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P";
const WORDS: &str = "legal winner thank year wave sausage worth useful legal winner thank yellow";

/// Where a secret stands (at `§`), the secret, and the kind it must be called.
const PLANTED: [(&str, &str, &str); 66] = [
    ("api_key=§", ALNUM, "api-key"),
    ("apiKey: §, retrying", ALNUM, "api-key"),
    ("{'apiKey': '§', 'enableRateLimit': True}", ALNUM, "api-key"),
    (r#"{"apiSecret": "§"}"#, ALNUM, "secret"),
    (r#"{\"secret\":\"§\"}"#, "hunter2", "secret"),
    (r#"msg="{\\\"secret\\\": \\\"§\\\"}""#, "hunter2", "secret"),
    ("headers={'X-MBX-APIKEY': '§'}", ALNUM, "api-key"),
    ("X-MBX-APIKEY: §", ALNUM, "api-key"),
    ("headers['X-MBX-APIKEY'] = '§'", "abc123", "api-key"),
    ("{'X-MBX-APIKEY': ['§']}", ALNUM, "api-key"),
    ("('KC-API-PASSPHRASE', '§')", "tr4ding!", "password"),
    ("[(b'KC-API-SIGN', b'§')]", BASE64, "signature"),
    ("OK-ACCESS-KEY: §", UUID, "api-key"),
    ("'OK-ACCESS-SIGN': '§'", BASE64, "signature"),
    ("OK-ACCESS-PASSPHRASE=§", "Sup3rSecret", "password"),
    ("APCA-API-KEY-ID: §", "PKX7QGH2V5T3NRJ8W1YZ", "api-key"),
    ("APCA-API-SECRET-KEY: §", SHORT, "secret"),
    ("CB-ACCESS-SIGN: §", HEX, "signature"),
    ("X-BAPI-SIGN: §", HEX, "signature"),
    ("'API-Sign': '§'", BASE64, "signature"),
    ("'KEY': '§', 'SIGN': 'x'", "0f1e2d3c4b5a69788796a5b4c3d2e1f0", "api-key"),
    ("GET /api/v3/account?timestamp=1700000000000&signature=§", HEX, "signature"),
    ("url: /fapi/v1/order?symbol=BTCUSDT&signature=§ (Caused by", HEX, "signature"),
    ("?sign=§&recvWindow=5000", HEX, "signature"),
    ("listenKey=§", ALNUM, "listen-key"),
    ("wss://stream.binance.com:9443/ws/§", ALNUM, "listen-key"),
    ("password: §", "hunter2", "password"),
    ("login user=bob password=§ host=db1", "hunter2", "password"),
    ("PASSWORD='§'", "correct horse battery", "password"),
    ("api_secret: str = \"§\"", "abcdef-ghi", "secret"),
    ("os.environ['API_SECRET'] = '§'", "tiger-lily", "secret"),
    ("\x1b[36mapi_secret\x1b[0m=\x1b[35m§\x1b[0m", "tigerlily", "secret"),
    ("token=§", "f3a9c1e27b604d58", "token"),
    ("access_token=§", "short1", "token"),
    ("login refused for key § at once", ALNUM, "api-key"),
    ("tried secret '§'.", SHORT, "secret"),
    ("the session token §: 401", SHORT, "token"),
    ("X-MBX-APIKEY §", ALNUM, "api-key"),
    ("private_key: 0x§", HEX, "private-key"),
    ("Account.from_key('0x§')", HEX, "key"),
    ("using § to sign", HEX, "key"),
    ("secret is §", SHORT, "secret"),
    ("Authorization: Bearer §", ALNUM, "authorization"),
    ("'Authorization': 'Basic §'", "Ym90Omh1bnRlcjI=", "authorization"),
    ("-H 'Authorization: Bearer §' -d x", "abc.def", "authorization"),
    ("authorization=§", ALNUM, "authorization"),
    ("Cookie: session=§; theme=dark", "d0e1", "cookie"),
    ("got § from login", JWT, "jwt"),
    ("key id § in use", concat!("AK", "IAIOSFODNN7EXAMPLE"), "aws-key"),
    (
        "git clone https://§@github.com/x/y",
        concat!("gh", "p_16C7e42F292c6912E7710c838347"),
        "token",
    ),
    ("using § for prompts", concat!("sk-", "proj-Ab3dEf6hIj9lMn0pQr"), "api-key"),
    ("stripe §", concat!("sk_", "live_4eC39HqLyjWDarjtT1zdp7dc"), "api-key"),
    ("slack §", concat!("xo", "xb-17653672481-19874698323-pdFZKVeTuE8s"), "token"),
    (
        "https://hooks.slack.com/services/§",
        concat!("T0000AAAA/B0000BBBB/", "Zq1Xw2Ec3Rv4Tb5Yn6Um7Io8"),
        "webhook",
    ),
    (
        "HTTPSConnectionPool(host='discord.com', port=443): Max retries exceeded with url: /api/webhooks/§",
        "812345678901234567/tL3mQw9ZxRk2VbNc8HsJd5FaUe6-Yp4",
        "webhook",
    ),
    (
        "https://api.telegram.org/bot§/sendMessage",
        concat!("110201543:", "AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw1"),
        "telegram-token",
    ),
    (
        "with url: /bot§/getUpdates (Caused by",
        concat!("110201543:", "AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw1"),
        "telegram-token",
    ),
    (
        "telegram § rejected",
        concat!("110201543:", "AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw1"),
        "telegram-token",
    ),
    ("https://mainnet.infura.io/v3/§", "0f1e2d3c4b5a69788796a5b4c3d2e1f0", "api-key"),
    ("postgresql://bot:§@db.example.org/trades", "hunter2", "userinfo"),
    ("mnemonic: §", WORDS, "mnemonic"),
    ("seed phrase \"§\" loaded", WORDS, "mnemonic"),
    ("error sign! origin_string[§]", "1658384314791Ab3dEf6hIj9lMn0p5000symbol=BTC", "signed-text"),
    (
        "-----BEGIN EC PRIVATE KEY-----\\n§\\n-----END EC PRIVATE KEY-----",
        "MHcCAQEEIIrYSSNQFaA2Hwf1duRSxKtLYX5CB04f",
        "private-key",
    ),
    (
        "-----BEGIN PRIVATE KEY-----\n§\n-----END PRIVATE KEY-----\nnext",
        "MIIEvQIBADANBgkqhkiG9w0BAQEFAASC\nBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj",
        "private-key",
    ),
    ("§", "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8c==", "key"),
];

/// What a diagnosis lives on.
const KEPT: [&str; 98] = [
    r#"binance {"code":-2014,"msg":"API-key format invalid."}"#,
    r#"binance {"code":-2015,"msg":"Invalid API-key, IP, or permissions for action, request ip: 203.0.113.7"}"#,
    r#"binance {"code":-1022,"msg":"Signature for this request is not valid."}"#,
    r#"binance {"code":-1021,"msg":"Timestamp for this request was 1000ms ahead of the server's time."}"#,
    r#"bybit {"retCode":10003,"retMsg":"API key is invalid."}"#,
    r#"bybit {"retCode":33004,"retMsg":"Your api key has expired."}"#,
    r#"kucoin {"code":"400004","msg":"Invalid KC-API-PASSPHRASE"}"#,
    r#"okx {"msg":"Invalid OK-ACCESS-KEY","code":"50111"}"#,
    r#"{"error":["EAPI:Invalid key"]}"#,
    r#"{"error":["EAPI:Invalid signature"]}"#,
    r#"{"error":"invalid_token","error_description":"The access token expired"}"#,
    r#"{"success":false,"secret":null,"token":"","apiKey":"None"}"#,
    r#"{"password": ["This field may not be blank."]}"#,
    "ccxt.base.errors.AuthenticationError: binance requires \"apiKey\" credential",
    "ccxt.base.errors.AuthenticationError: kraken requires \"secret\" credential",
    "KeyError: 'API_SECRET'",
    "KeyError: 'secret'",
    "raise KeyError(key) from None",
    "    api_secret = os.environ[\"API_SECRET\"]",
    "    api_key=self.api_key, secret=self.secret,",
    "    self.exchange = ccxt.binance({'apiKey': API_KEY, 'secret': API_SECRET})",
    "    exchange = ccxt.kraken({\"apiKey\": key, \"secret\": sec, \"password\": pw})",
    "    client = Client(api_key=config.api_key, api_secret=config['secret'])",
    "    token = load_token(path)",
    "    token: str = os.getenv('BOT_TOKEN')",
    "    def sign(self, secret: str, token: Optional[str] = None) -> str:",
    "    signature = hmac.new(self.secret.encode(), query.encode(), hashlib.sha256).hexdigest()",
    "    return query + \"&signature=\" + hmac.new(self.secret.encode(\"utf-8\"), query).hexdigest()",
    "    url = base + '?' + 'token=' + token",
    "    headers = {'Authorization': f'Bearer {self.token}'}",
    "    headers = {\"Authorization\": \"Bearer %s\" % token}",
    "    required = ['apiKey', 'secret', 'password']",
    "    password=getpass.getpass()",
    "    secret = settings.SECRET_KEY",
    "Missing API key: 'BINANCE_API_KEY'",
    "Missing environment variable API_SECRET: not set",
    "api key: missing",
    "Invalid API key: please check your settings",
    "Invalid token: 401 Unauthorized",
    "AuthenticationError: Invalid signature: expected something else",
    "API_KEY=${BINANCE_KEY} SECRET=<your-secret> TOKEN=***",
    "api_key=****, secret=xxxxxxxx",
    "secret=*** retries=3",
    "'KC-API-TIMESTAMP': '1700000000123', 'KC-API-KEY-VERSION': '2'",
    "X-BAPI-SIGN-TYPE: 2",
    "OK-ACCESS-TIMESTAMP: 2024-05-01T12:00:00.123Z",
    "signatureVersion=2&SignatureMethod=HmacSHA256",
    "recvWindow=5000&timestamp=1700000000000",
    "token=USDC amount=12.5",
    "token_id=71321045679252212594626385532706912750332728571942532289631379312455583992563",
    "max_tokens=4096 tokens: 1500",
    "token 0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48 approved",
    "token=0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48",
    "json.decoder.JSONDecodeError: Unexpected token: '<'",
    "SyntaxError: Unexpected token < in JSON at position 0",
    "tx 0x88df016429689c079f3b2f6ad39fa052532c56795b733da78a91ebe340a11b2a mined",
    "transaction hash: 0x88df016429689c079f3b2f6ad39fa052532c56795b733da78a91ebe340a11b2a",
    "orderID 0x88df016429689c079f3b2f6ad39fa052532c56795b733da78a91ebe340a11b2a rejected",
    "--hash=sha256:88df016429689c079f3b2f6ad39fa052532c56795b733da78a91ebe340a11b2a",
    "oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=docker-88df016429689c079f3b2f6ad39fa052532c56795b733da78a91ebe340a11b2a.scope,mems_allowed=0",
    "task_memcg=/docker/88df016429689c079f3b2f6ad39fa052532c56795b733da78a91ebe340a11b2a,task=python3,pid=4242",
    "order 8389765589374659321 clientOrderId=x-R4BD3S82a1b2c3d4e5f60718293a filled",
    "order id 985d5b66-57ce-40fb-b714-afc0b9787083 not found",
    "key=985d5b66-57ce-40fb-b714-afc0b9787083",
    "KeyError: 'ohlcv_BTCUSDT_1h_1700000000'",
    "cache key=ohlcv_BTCUSDT_1h_1700000000",
    "HTTPSConnectionPool(host='api.binance.com', port=443): Max retries exceeded with url: /api/v3/time",
    "Cannot connect to host api.bybit.com:443 ssl:default [Name or service not known]",
    "wss://stream.binance.com:9443/ws/btcusdt@kline_1m",
    "https://api.telegram.org/ returned 409 Conflict",
    "https://user@example.org/path",
    "<Response [401]> Unauthorized for url: https://api.example.com/v2/account",
    "  File \"/home/bot/venv/lib/python3.12/site-packages/ccxt/base/exchange.py\", line 581, in fetch",
    "  File \"/Users/Trader/Library/Frameworks/Python312/lib/Versions/Current/Resources/Strategy2Bot/main.py\", line 5",
    "PermissionError: [Errno 13] Permission denied: '/run/secrets/api_key'",
    "secret: /run/secrets/api-key",
    "secret_file=/etc/bot/secret.toml",
    "PWD=/home/bot OLDPWD=/",
    "signal=SIGKILL exit=137 design=2 assigned: 12",
    "2024-05-01 12:00:00,123 ERROR bot: author: someone",
    "authentication: failed with status 403",
    "ModuleNotFoundError: No module named 'jwt'",
    "ImportError: cannot import name 'Token' from 'tokens'",
    "session=12 passed: 3 bypass=1",
    "passed=10 failed=2 keys=3 keyboard: us",
    "password_length=12 token_type=bearer expires_in=3600",
    "wallet 0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48 balance 0",
    "KeyError: no key StochRSI_14_BTCUSDT in row",
    "cache key 3fce3b5a9c1e27b604d58f3a9c1e27b604d58aaa missed",
    "cannot load key /home/Trader/Keys/Binance2024Main.pem",
    "Unexpected token PriceInUsdt at position 17",
    "token 985d5b66-57ce-40fb-b714-afc0b9787083 expired",
    "foreign key OrdersTableAccountId violated",
    "no token for https://example.org/Account2Trade",
    "Authorization header missing, secret not set, password incorrect",
    "the wallet could not be reached because the node was busy with other work right now",
    "git commit 3fce3b5a9c1e27b604d58f3a9c1e27b604d58aaa",
    "status=200 errno=104 code=-1003 banned until 1700000000000",
];

#[test]
fn planted_secrets_are_gone() {
    for (template, secret, kind) in PLANTED {
        let clean = redact(&template.replace('§', secret));
        for piece in secret.split('\n') {
            assert!(!clean.contains(piece), "{template}: {clean}");
        }
        assert!(clean.contains(&format!("[redacted:{kind}]")), "{template}: {clean}");
        assert_eq!(redact(&clean), clean, "{template}");
    }
}

#[test]
fn what_stands_round_a_secret_stays() {
    for (text, clean) in [
        (
            "GET https://api.binance.com/api/v3/order?apiKey=abc1&signature=def2&timestamp=17 429",
            "GET https://api.binance.com/api/v3/order?apiKey=[redacted:api-key]&signature=[redacted:signature]&timestamp=17 429",
        ),
        (
            "postgresql://bot:hunter2@db:5432/trades refused",
            "postgresql://[redacted:userinfo]@db:5432/trades refused",
        ),
        (
            "{'apiKey': 'abc1', 'password': 'x y z', 'timeout': 10}",
            "{'apiKey': '[redacted:api-key]', 'password': '[redacted:password]', 'timeout': 10}",
        ),
        (
            "Authorization: Bearer abc1 -> 401",
            "Authorization: Bearer [redacted:authorization] -> 401",
        ),
    ] {
        assert_eq!(redact(text), clean);
    }
}

#[test]
fn what_a_diagnosis_needs_stays() {
    let changed: Vec<_> =
        KEPT.into_iter().map(|text| (text, redact(text))).filter(|(a, b)| a != b).collect();
    assert!(changed.is_empty(), "{changed:#?}");
}

#[test]
fn clean_text_is_not_copied() {
    let redactor = Redactor::new(true);
    assert!(matches!(redactor.redact("2024-05-01 12:00:00 INFO BTC/USDT 1.5"), Cow::Borrowed(_)));
    assert!(matches!(redactor.redact(KEPT[0]), Cow::Borrowed(_)));
}

#[test]
fn off_means_off() {
    assert_eq!(Redactor::new(false).redact("secret=hunter2"), "secret=hunter2");
}

/// Each look must stay linear: a quadratic one needs minutes for these.
#[test]
fn long_hostile_text_is_quick() {
    for piece in [
        "key=\"",
        "secret='",
        "api_key",
        "secret",
        "://",
        "-----BEGIN PRIVATE KEY-----",
        "eyJ",
        "token:",
        "seed legal ",
        "a1B2",
        "\\\"key",
        "x@",
        "Authorization: Bearer ",
        "authorization:bearer",
        "cookie=",
        "cookie=x ",
        "mnemonic ",
        "1:AA",
        "password:none ",
        "secret:a",
        "secret:\\\"a",
        "secret=b'",
        "token=[",
        "token is ",
        "token ",
        "key a",
        "secret '",
        "sign\x1b[1m",
        "abcd/=",
    ] {
        let text = piece.repeat((1 << 16) / piece.len());
        assert!(redact(&text).len() <= 4 * text.len());
    }
}

/// Texts made of what the looks look for.
fn fragments() -> impl Strategy<Value = String> {
    let fragment = prop_oneof![
        prop::sample::select(&PLANTED[..])
            .prop_map(|(template, secret, _)| template.replace('§', secret)),
        prop::sample::select(&PLANTED[..]).prop_map(|(template, _, _)| template.to_owned()),
        prop::sample::select(&PLANTED[..]).prop_map(|(_, secret, _)| secret.to_owned()),
        prop::sample::select(&KEPT[..]).prop_map(str::to_owned),
        prop::sample::select(
            &[
                "=",
                ": ",
                "\"",
                "'",
                "\\\"",
                ", ",
                "[",
                "]",
                "{",
                "}",
                "(",
                "@",
                "://",
                " ",
                "\n",
                "é",
                "token",
                "tx ",
                "key",
                "Bearer ",
                "is ",
                "[redacted:key]",
                "\x1b[0m"
            ][..]
        )
        .prop_map(str::to_owned),
        any::<String>(),
    ];
    prop::collection::vec(fragment, 0..8).prop_map(|fragments| fragments.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2048))]

    #[test]
    fn twice_is_once(text in fragments()) {
        let once = redact(&text);
        prop_assert_eq!(redact(&once), once);
    }

    #[test]
    fn what_names_no_secret_has_none_by_name(
        words in prop::collection::vec("api|ke|y|secre|t|to|ken|pas|s|wd|sig|n|au|th|ses|sion|id|_|-|=|: |'|[a-z0-9]{1,12}", 1..12),
    ) {
        let text = words.concat();
        if !assigned::find(&text).is_empty() {
            prop_assert!(assigned::may_hold(&text), "{}", text);
        }
    }
}

#[test]
fn every_planted_name_is_worth_a_look() {
    for (frame, secret, kind) in PLANTED {
        let text = frame.replace('§', secret);
        assert!(assigned::find(&text).is_empty() || assigned::may_hold(&text), "{kind}: {text}");
    }
}
