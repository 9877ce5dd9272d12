// Addresses that try to take a token elsewhere, and addresses that look like it and stay at home.
// Decided here: what a call may be given as its address. Not here: what becomes of it (`Destinations.test.ts`). Every
// name ends in .test or is one of this machine, and nothing of it is ever looked up.

/** The API: all that has another scheme, host or port is elsewhere. */
export const home = "https://api.vendor.test"

const evil = ["evil.test", "evil.test:443", "127.0.0.1", "[::1]:8443"]

/** What stands before an @ is a user's name, whatever it looks like. */
const userinfo = [
  "api.vendor.test",
  "api.vendor.test:443",
  "api.vendor.test%40",
  "api.vendor.test%2F",
  "api.vendor.test%5C",
  "user:api.vendor.test",
  "https%3A%2F%2Fapi.vendor.test",
  "%61pi.vendor.test",
  "api.vendor.test%00",
  ":"
].flatMap((user) => evil.map((host) => `https://${user}@${host}/x`))

const suffixHosts = [
  "api.vendor.test.evil.test",
  "api.vendor.test-evil.test",
  "api.vendor.testing",
  "api.vendor.test.test",
  "api.vendor.test.localhost",
  "api.vendor.test.127.0.0.1.nip.test",
  "api.vendor.test_.evil.test"
]
const prefixHosts = [
  "evil-api.vendor.test",
  "evilapi.vendor.test",
  "evil.api.vendor.test",
  "xapi.vendor.test",
  "api.api.vendor.test",
  "-api.vendor.test",
  "_api.vendor.test",
  "www.vendor.test"
]
const nearHosts = [
  "vendor.test",
  "test",
  "api.vendor",
  "api.vendor.tes",
  "apivendor.test",
  "api-vendor.test",
  "apixvendor.test",
  "api.vendor-test",
  "api..vendor.test",
  "api.vendor..test",
  ".api.vendor.test",
  "pi.vendor.test",
  "api.vend0r.test"
]
const dots = ["api.vendor.test.", "api.vendor.test..", "api.vendor.test%2E", "api.vendor.test\u3002", "evil.test."]
/** Letters of other scripts, letters that fold to nothing or to a dot, and punycode. */
const names = [
  "\u0430pi.vendor.test",
  "ap\u0456.vendor.test",
  "api.vend\u043Er.test",
  "api.v\u0435ndor.test",
  "\u03B1pi.vendor.test",
  "api.vendo\u0280.test",
  "api\u00DF.vendor.test",
  "api.vendor.te\u017Ft.evil.test",
  "api.vendor\u2024test.evil.test",
  "api.vendor\u3002test.evil.test",
  "api\uFF0Evendor.evil.test",
  "api.vendor.test\u200D.evil.test",
  "xn--pi-7kc.vendor.test",
  "xn--api.vendor.test",
  "xn--vendr-nve.test",
  "api.vendor.test\u0301",
  "a\u0300pi.vendor.test"
]
const addresses = [
  "127.0.0.1",
  "127.1",
  "2130706433",
  "0x7f.1",
  "0177.0.0.1",
  "0x7f000001",
  "0.0.0.0",
  "0",
  "169.254.169.254",
  "192.168.0.1",
  "[::1]",
  "[::]",
  "[::ffff:127.0.0.1]",
  "[::ffff:7f00:1]",
  "[fe80::1]",
  "[fd00::1]",
  "[2001:db8::1]",
  "[::127.0.0.1]",
  "[v1.api.vendor.test]",
  "[::1%25api.vendor.test]",
  "localhost"
]
const encoded = [
  "%65vil.test",
  "api%2Evendor%2Etest.evil.test",
  "api.vendor.test%2Eevil.test",
  "api.vendor.test%2F.evil.test",
  "api.vendor.test%23.evil.test",
  "api.vendor.test%3F.evil.test",
  "api.vendor.test%5C.evil.test",
  "api.vendor.test%40evil.test",
  "api.vendor.test%09.evil.test",
  "%61pi.vendor.test.evil.test",
  "api.vendor.test%3A443",
  "api.vendor.test%",
  "api%00.vendor.test"
]
const ports = [
  "80",
  "444",
  "8443",
  "0",
  "1",
  "65535",
  "4430",
  "44",
  "99999",
  "443443",
  "443x",
  "-443",
  "\u0664\u0664\u0663"
]

const hosts = [...suffixHosts, ...prefixHosts, ...nearHosts, ...dots, ...names, ...addresses, ...encoded]

const written = [
  "http://api.vendor.test/x",
  "http://api.vendor.test:443/x",
  "http://api.vendor.test:80/x",
  "HTTP://API.VENDOR.TEST/x",
  "HTTPS://EVIL.TEST/x",
  "hTtPs://evil.test/x",
  "https://evil.test\\@api.vendor.test/x",
  "https://evil.test\\.api.vendor.test/x",
  "https://evil.test\\api.vendor.test/x",
  "https://evil.test:443\\@api.vendor.test/x",
  "https://\\evil.test/x",
  "https://\\\\evil.test/x",
  "https:///evil.test/x",
  "https:////evil.test/x",
  "https://evil.test?.api.vendor.test/x",
  "https://evil.test#.api.vendor.test/x",
  "https://evil.test/.api.vendor.test/x",
  "https://evil.test;.api.vendor.test/x",
  "https://evil.test,api.vendor.test/x",
  "https://evil.test&api.vendor.test/x",
  "https://evil.test|api.vendor.test/x",
  "https://evil.test api.vendor.test/x",
  "https://evil.test/https://api.vendor.test/x",
  "https://evil.test/?https://api.vendor.test/x",
  "https://evil.test/#https://api.vendor.test/x",
  "https://evil.test/..//api.vendor.test/x",
  "https://evil.test/%2e%2e/api.vendor.test",
  "https://\tevil.test/x",
  "https://ev\nil.test/x",
  "https://ev\r\nil.test/x",
  "https://evil.test\0.api.vendor.test/x",
  "https://api.vendor.test\0.evil.test/x",
  "https://api.vendor.test .evil.test/x",
  "https://api.vendor.test@evil.test:443@evil.test/x",
  "https://evil.test@evil.test/@api.vendor.test",
  "https://<api.vendor.test>/x",
  "https://",
  "https://:443/x",
  "https://?api.vendor.test",
  "https://#api.vendor.test",
  "https://user@/x"
]

/** Where no bearer may go: what has a scheme of the web and is not at home, or is no address at all. */
export const elsewhere: ReadonlyArray<string> = [
  ...userinfo,
  ...hosts.map((host) => `https://${host}/x`),
  ...[...suffixHosts, ...prefixHosts, ...nearHosts].map((host) => `https://${host}:443`),
  ...ports.map((port) => `https://api.vendor.test:${port}/x`),
  ...written
]

/** What stays at home: paths, whatever they begin with, and other spellings of the same origin. */
export const athome: ReadonlyArray<string> = [
  "/x",
  "x",
  "",
  "?page=2",
  "#evil.test",
  "//evil.test/x",
  "///evil.test/x",
  "////evil.test/x",
  "\\\\evil.test/x",
  "/\\evil.test/x",
  "\\/evil.test/x",
  "/\t/evil.test/x",
  "/\n/evil.test/x",
  "\t//evil.test/x",
  "//evil.test@api.vendor.test/x",
  "//evil.test:443/x",
  "//[::1]/x",
  "@evil.test/x",
  "user:pw@evil.test/x",
  ".evil.test/x",
  ":8443/x",
  ":@evil.test/x",
  "evil.test",
  "evil.test:443/x",
  "https:evil.test/x",
  "https:/evil.test/x",
  "https:\\\\evil.test/x",
  "https:\\/evil.test/x",
  "https:/\\evil.test/x",
  "http:evil.test",
  "https%3A%2F%2Fevil.test/x",
  "https:%2F%2Fevil.test/x",
  "ht\ntps://evil.test/x",
  "\thttps://evil.test/x",
  " https://evil.test/x",
  "\0https://evil.test/x",
  "\u00A0https://evil.test/x",
  "\uFEFFhttps://evil.test/x",
  "ftp://evil.test/x",
  "ws://evil.test/x",
  "wss://evil.test/x",
  "file:///x",
  "javascript:alert(1)",
  "data:text/plain,x",
  "blob:https://evil.test/x",
  "view-source:https://evil.test/x",
  "/../../evil.test/x",
  "/%2e%2e/%2e%2e//evil.test/x",
  "/..%2f..%2f/evil.test",
  "/x?next=https://evil.test/",
  "/x#https://evil.test/",
  "/https://evil.test/x",
  `${home}/x`,
  `${home}`,
  `${home}:443/x`,
  "HTTPS://API.VENDOR.TEST/x",
  "https://API.vendor.TEST:0443/x",
  "https://%61pi.vendor.test/x",
  "https://api%2Evendor.test/x",
  "https://api\u3002vendor.test/x",
  "https://\uFF41pi.vendor.test/x",
  "https://api\u00AD.vendor.test/x",
  "https://api.\tvendor.test/x",
  "https://api.vendor.test\\@evil.test/x",
  "https://api.vendor.test\\.evil.test/x",
  "https://api.vendor.test?@evil.test/",
  "https://api.vendor.test#@evil.test/",
  "https://api.vendor.test/@evil.test/",
  "https://api.vendor.test//evil.test/x",
  "https:////api.vendor.test/x",
  "https://evil.test@api.vendor.test/x",
  "https://evil.test:443@api.vendor.test:443/x"
]
