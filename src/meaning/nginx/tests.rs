//! nginx configurations before and after, and the words.

use crate::meaning::tests::{check, said};

#[test]
fn order_and_spelling_count_only_where_nginx_goes_by_them() {
    for (before, after) in [
        ("a 1; b 2; # c", "b '2';\n\na   \"1\" ;"),
        ("add_header A 1; add_header B 2;", "add_header B 2; add_header A 1;"),
        ("location /a { x; } location /b { y; }", "location /b { y; } location /a { x; }"),
        ("upstream a { server x; }\nmap $a $b { c 1; d 2; }", "map $a $b { d 2; c 1; }\nupstream a { server x; }"),
        ("server_name a b;", "server_name b a;"),
        ("proxy_read_timeout 30s;", "proxy_read_timeout 30;"),
        ("keepalive_timeout 1m30s 60;", "keepalive_timeout 90 1m;"),
        ("client_max_body_size 1024k;", "client_max_body_size 1M;"),
        ("proxy_buffers 8 4k; client_body_buffer_size 16k;", "client_body_buffer_size 16384; proxy_buffers 8 4096;"),
        ("upstream a { server x fail_timeout=60s; }", "upstream a { server x fail_timeout=1m; }"),
    ] {
        assert_eq!(said("nginx/a.conf", before, after), [""; 0], "{before}\n{after}");
    }
}

#[test]
fn directives_have_their_words() {
    check(
        "conf.d/a.conf",
        &[
            ("client_max_body_size 1m;", "client_max_body_size 10m;", &["! server x: body size 1m → 10m"]),
            ("client_max_body_size 10m;", "client_max_body_size 1m;", &["server x: body size 10m → 1m"]),
            ("client_max_body_size 10m;", "", &["server x: body size limit 10m removed"]),
            ("client_max_body_size 10m;", "client_max_body_size 0;", &["! server x: body size 10m → 0"]),
            ("server_tokens off;", "server_tokens on;", &["! server x: server_tokens off → on"]),
            ("server_tokens off;", "", &["! server x: server_tokens off removed"]),
            ("", "server_tokens off;", &["server x: server_tokens off added"]),
            ("autoindex off;", "autoindex on;", &["! server x: autoindex off → on"]),
            ("", "autoindex on;", &["! server x: autoindex on added"]),
            ("add_header X-Frame-Options DENY always;", "", &["! server x: header X-Frame-Options removed"]),
            ("", "add_header X-Frame-Options DENY always;", &["server x: header X-Frame-Options added: DENY always"]),
            ("add_header X-Request-Id a;", "", &["server x: header X-Request-Id removed"]),
            (
                "add_header Strict-Transport-Security max-age=63072000;",
                "add_header Strict-Transport-Security max-age=60;",
                &["! server x: header Strict-Transport-Security: max-age=63072000 → max-age=60"],
            ),
            (
                "add_header Strict-Transport-Security max-age=60;",
                "add_header Strict-Transport-Security max-age=63072000;",
                &["server x: header Strict-Transport-Security: max-age=60 → max-age=63072000"],
            ),
            (
                "add_header Content-Security-Policy \"default-src 'self'\";",
                "add_header Content-Security-Policy \"default-src 'self' 'unsafe-inline'\";",
                &[
                    "! server x: header Content-Security-Policy: default-src 'self' → default-src 'self' 'unsafe-inline'",
                ],
            ),
            (
                "add_header Content-Security-Policy \"default-src 'self'\";",
                "add_header Content-Security-Policy \"default-src 'self'; object-src 'none'\";",
                &[
                    "server x: header Content-Security-Policy: default-src 'self' → default-src 'self'; object-src 'none'",
                ],
            ),
            (
                "",
                "add_header Access-Control-Allow-Origin *;",
                &["! server x: header Access-Control-Allow-Origin added: *"],
            ),
            (
                "ssl_protocols TLSv1.2 TLSv1.3;",
                "ssl_protocols TLSv1 TLSv1.2 TLSv1.3;",
                &["! server x: ssl_protocols TLSv1.2 TLSv1.3 → TLSv1 TLSv1.2 TLSv1.3"],
            ),
            (
                "ssl_protocols TLSv1 TLSv1.2;",
                "ssl_protocols TLSv1.2;",
                &["server x: ssl_protocols TLSv1 TLSv1.2 → TLSv1.2"],
            ),
            (
                "ssl_ciphers ECDHE-RSA-AES128-GCM-SHA256;",
                "ssl_ciphers ECDHE-RSA-AES128-GCM-SHA256:DES-CBC3-SHA;",
                &["! server x: ssl_ciphers ECDHE-RSA-AES128-GCM-SHA256 → ECDHE-RSA-AES128-GCM-SHA256:DES-CBC3-SHA"],
            ),
            ("limit_req zone=a burst=5;", "", &["! server x: limit_req a zone=a burst=5 removed"]),
            (
                "limit_req zone=a burst=5;",
                "limit_req zone=a burst=50;",
                &["! server x: limit_req a zone=a burst=5 → zone=a burst=50"],
            ),
            (
                "limit_req zone=a burst=50;",
                "limit_req zone=a burst=5;",
                &["server x: limit_req a zone=a burst=50 → zone=a burst=5"],
            ),
            ("limit_conn a 10;", "limit_conn a 100;", &["! server x: limit_conn a a 10 → a 100"]),
            ("deny all;", "", &["! server x: deny all removed"]),
            ("deny all;", "allow 10.0.0.0/8; deny all;", &["! server x: allow 10.0.0.0/8 added"]),
            ("allow 10.0.0.0/8; deny all;", "deny all; allow 10.0.0.0/8;", &["server x: deny all comes earlier"]),
            ("set $a 1; rewrite a b;", "rewrite a b; set $a 1;", &["server x: rewrite a b comes earlier"]),
            ("return 404;", "return 301 /;", &["! server x: return 404 → 301 /"]),
            ("include headers.conf;", "", &["! server x: include headers.conf removed"]),
            ("", "include other.conf;", &["server x: include other.conf added"]),
            (
                "proxy_set_header Proxy \"\";",
                "proxy_set_header Proxy $http_proxy;",
                &["! server x: passed header Proxy: \"\" → $http_proxy"],
            ),
            ("proxy_set_header Proxy \"\";", "", &["! server x: passed header Proxy removed"]),
            (
                "proxy_set_header X-Forwarded-For $remote_addr;",
                "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;",
                &["! server x: passed header X-Forwarded-For: $remote_addr → $proxy_add_x_forwarded_for"],
            ),
            (
                "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;",
                "proxy_set_header X-Forwarded-For $remote_addr;",
                &["server x: passed header X-Forwarded-For: $proxy_add_x_forwarded_for → $remote_addr"],
            ),
            ("fastcgi_param HTTP_PROXY \"\";", "", &["! server x: fastcgi_param HTTP_PROXY removed"]),
            (
                "proxy_set_header Host $host;",
                "proxy_set_header Host $http_host;",
                &["server x: passed header Host: $host → $http_host"],
            ),
            (
                "proxy_set_header Authorization \"Basic dXNlcjpwYXNzd29yZDE5OA==\";",
                "proxy_set_header Authorization \"Basic dXNlcjpwYXNzd29yZDE5OQ==\";",
                &["server x: passed header Authorization changed"],
            ),
            ("auth_basic x;", "auth_basic off;", &["! server x: auth_basic x → off"]),
            ("proxy_pass http://a;", "proxy_pass http://b;", &["server x: proxy_pass http://a → http://b"]),
            (
                "content_by_lua_block { a }",
                "content_by_lua_block { b }",
                &["server x content_by_lua_block: code a → b"],
            ),
        ],
        |it| format!("server {{ server_name x; {it} }}"),
    );
}

#[test]
fn blocks_have_their_words() {
    check(
        "nginx.conf",
        &[
            (
                "http { server { server_name a; location /b { c 1; } } }",
                "http { server { server_name a; location /b { c 2; } } }",
                &["server a location /b: c 1 → 2"],
            ),
            (
                "server { listen 80; server_name a; x 1; } server { listen 443 ssl; server_name a; y 1; }",
                "server { listen 80; server_name a; x 2; } server { listen 443 ssl; server_name a; y 2; }",
                &["server a on 80: x 1 → 2", "server a on 443 ssl: y 1 → 2"],
            ),
            (
                "server { listen 80; server_name a; }",
                "server { listen 81; server_name a; }",
                &["server a: listen 81 added", "server a: listen 80 removed"],
            ),
            (
                "server { listen 443 ssl; server_name a; }",
                "server { listen 443; server_name a; }",
                &["! server a: listen 443 ssl → (nothing)"],
            ),
            (
                "server { listen 80; server_name a; }",
                "server { listen 80; server_name b; }",
                &["server b: name b added", "server b: name a removed"],
            ),
            (
                "server { server_name a; }",
                "server { server_name a; location / { proxy_pass http://x; } }",
                &["server a location /: location added"],
            ),
            (
                "server { server_name a; location ~ /\\. { deny all; } }",
                "server { server_name a; }",
                &["! server a location ~ /\\.: location removed"],
            ),
            (
                "server { server_name a; }",
                "server { server_name a; location ~ /\\. { deny all; } }",
                &["server a location ~ /\\.: location added"],
            ),
            ("server { server_name a; location ~ /\\. { deny all; } }", "", &["server a: server removed"]),
            ("server { listen 1 default_server; return 444; }", "", &["! server on 1 default_server: server removed"]),
            (
                "",
                "server { server_name a; location / { autoindex on; } }",
                &["! server a: server added: autoindex on added"],
            ),
            (
                "location ~ a { x; } location ~ b { y; }",
                "location ~ b { y; } location ~ a { x; }",
                &["location ~ b comes earlier"],
            ),
            ("map $a $b { ~x 1; ~y 2; }", "map $a $b { ~y 2; ~x 1; }", &["map $a $b: entry ~y comes earlier"]),
            ("map $a $b { x 1; }", "map $c $b { x 2; }", &["map $c $b: entry x 1 → 2"]),
            (
                "limit_req_zone $a zone=b:1m rate=10r/s;",
                "limit_req_zone $a zone=b:1m rate=100r/s;",
                &["! limit_req_zone b $a zone=b:1m rate=10r/s → $a zone=b:1m rate=100r/s"],
            ),
            (
                "limit_req_zone $a zone=b:1m rate=10r/s;",
                "limit_req_zone $a zone=b:1m rate=10r/m;",
                &["limit_req_zone b $a zone=b:1m rate=10r/s → $a zone=b:1m rate=10r/m"],
            ),
        ],
        str::to_owned,
    );
}

#[test]
fn what_is_no_configuration_has_no_meaning() {
    assert_eq!(crate::meaning::between("redis.conf", Some("port 1\n"), Some("port 2\n")), None);
}
