"""Made from protocol/sealine.cddl by `python -m sealine_protocol.gen`; do not edit.

Nodes are described in protocol/sealine_protocol/cddl.py; a rule's node is RULES[NAMES.index(name)].
"""

# 0 UINT, 1 BYTES, 2 TEXT, 3 BOOL, 4 CONST, 5 ENUM, 6 NULLABLE, 7 LIST, 8 TABLE, 9 MAP, 10 ARRAY, 11 UNION
NAMES = (
    'hash',
    'key-id',
    'record-id',
    'public-key',
    'token',
    'nonce',
    'challenge',
    'name',
    'label',
    'language',
    'digits',
    'pin',
    'person',
    'time-ms',
    'time-s',
    'duration-ms',
    'counter',
    'seconds',
    'money',
    'envelope',
    'signed',
    'signed-checkpoint',
    'signed-credential',
    'signed-header',
    'statement',
    'protected-header',
    'role',
    'credential',
    'confirmation',
    'cose-key',
    'signing-request',
    'enrolment',
    'bundle-kind',
    'versions',
    'bundle-header',
    'directory-header',
    'bundle',
    'trust-body',
    'custodian-set',
    'revocations-body',
    'revocation',
    'policy-body',
    'numbering-plan',
    'short-line',
    'tariff-body',
    'payer',
    'after-end',
    'directory-key',
    'record',
    'record-kind',
    'clock',
    'clock-source',
    'end-reason',
    'privilege',
    'bundle-ref',
    'envelope-kind',
    'envelope-ref',
    'party',
    'notice',
    'record-tariff',
    'charge',
    'recording',
    'recording-state',
    'codec',
    'reader',
    'firmware',
    'share-secret',
    'person-secret',
    'number-secret',
    'checkpoint',
    'tally',
    'head',
    'health',
    'beacon',
    'receipt-protected',
    'receipt-claims',
    'inclusion-proof',
    'forked',
    'refusal',
    'refusal-reason',
    'stored',
    'answer-kind',
    'answer',
    'link-hello',
    'from-terminal',
    'ready',
    'check-pin',
    'dial',
    'notice-done',
    'hang-up',
    'fetch',
    'beacon-ask',
    'from-gateway',
    'welcome',
    'pin-result',
    'progress',
    'call-progress',
    'ended',
    'offer',
    'deliver',
    'saved',
    'saved-chunk',
    'link-error',
    'link-error-code',
    'bulk-up',
    'bulk-record',
    'bulk-chunk',
    'bulk-tally',
    'bulk-down',
    'command',
)
CONTENTS = (
    ('credential', 'application/vnd.sealine.credential'),
    ('signing-request', 'application/vnd.sealine.signing-request'),
    ('bundle', 'application/vnd.sealine.bundle'),
    ('record', 'application/vnd.sealine.record'),
    ('checkpoint', 'application/vnd.sealine.checkpoint'),
    ('tally', 'application/vnd.sealine.tally'),
    ('beacon', 'application/vnd.sealine.beacon'),
    ('tree-head', 'application/vnd.sealine.tree-head'),
    ('forked', 'application/vnd.sealine.forked'),
    ('refusal', 'application/vnd.sealine.refusal'),
    ('stored', 'application/vnd.sealine.stored'),
    ('command', 'application/vnd.sealine.command'),
    ('opening-request', 'application/vnd.sealine.opening-request'),
    ('opening-grant', 'application/vnd.sealine.opening-grant'),
    ('opening', 'application/vnd.sealine.opening'),
)
RULES = (
    # 0 hash
    (1, 32, 32),
    # 1 key-id
    (1, 16, 16),
    # 2 record-id
    (1, 16, 16),
    # 3 public-key
    (1, 32, 32),
    # 4 token
    (1, 16, 16),
    # 5 nonce
    (1, 16, 16),
    # 6 challenge
    (1, 16, 16),
    # 7 name
    (2, 1, 32, b'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-'),
    # 8 label
    (2, 0, 64, None),
    # 9 language
    (2, 2, 8, b'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-'),
    # 10 digits
    (2, 1, 15, b'0123456789'),
    # 11 pin
    (2, 4, 12, b'0123456789'),
    # 12 person
    (2, 1, 32, b'0123456789'),
    # 13 time-ms
    (0, None),
    # 14 time-s
    (0, None),
    # 15 duration-ms
    (0, None),
    # 16 counter
    (0, 4294967295),
    # 17 seconds
    (0, 21600),
    # 18 money
    (0, None),
    # 19 envelope
    (1, 48, 256),
    # 20 signed
    (1, 80, 8192),
    # 21 signed-checkpoint
    (1, 80, 512),
    # 22 signed-credential
    (1, 80, 1024),
    # 23 signed-header
    (1, 80, 512),
    # 24 statement
    (1, 80, 4096),
    # 25 protected-header
    (9, ((1, 'alg', False, (4, -8)), (3, 'content_type', False, (2, 1, 64, None)), (4, 'kid', False, 1))),
    # 26 role
    (
        5,
        (
            (1, 'terminal'),
            (2, 'gateway'),
            (3, 'central'),
            (4, 'custodian'),
            (5, 'requester'),
            (6, 'technician'),
            (7, 'issuer'),
            (8, 'directory'),
            (9, 'tariff'),
            (10, 'policy'),
            (11, 'firmware'),
        ),
    ),
    # 27 credential
    (
        9,
        (
            (2, 'sub', False, 7),
            (4, 'exp', False, 14),
            (5, 'nbf', False, 14),
            (6, 'iat', False, 14),
            (8, 'cnf', False, 28),
            (-70001, 'facility', False, 7),
            (-70002, 'role', False, 26),
            (-70003, 'link_key', False, 3),
            (-70004, 'class', True, 8),
            (-70005, 'organisation', True, 8),
        ),
    ),
    # 28 confirmation
    (9, ((1, 'cose_key', False, 29),)),
    # 29 cose-key
    (9, ((1, 'kty', False, (4, 1)), (-1, 'crv', False, (4, 6)), (-2, 'x', False, 3))),
    # 30 signing-request
    (
        9,
        (
            (0, 'challenge', False, 6),
            (1, 'identity_key', False, 3),
            (2, 'link_key', False, 3),
            (3, 'role', False, 26),
            (4, 'hardware_id', False, (1, 8, 32)),
            (5, 'firmware', False, 65),
        ),
    ),
    # 31 enrolment
    (
        9,
        (
            (0, 'root_key', False, 3),
            (1, 'credential', False, 22),
            (2, 'issuers', False, (7, 0, 2, 22)),
            (3, 'trust', False, 36),
            (4, 'time', False, 13),
            (5, 'floors', False, 33),
            (6, 'gateway', False, (2, 0, 128, None)),
        ),
    ),
    # 32 bundle-kind
    (5, ((1, 'trust'), (2, 'revocations'), (3, 'directory'), (4, 'policy'), (5, 'tariff'), (6, 'firmware'))),
    # 33 versions
    (8, 32, 16),
    # 34 bundle-header
    (
        9,
        (
            (0, 'kind', False, 32),
            (1, 'facility', False, 7),
            (2, 'version', False, 16),
            (3, 'issued', False, 14),
            (4, 'expires', False, 14),
            (5, 'length', False, 16),
            (6, 'hash', False, 0),
            (7, 'directory', True, 35),
        ),
    ),
    # 35 directory-header
    (9, ((0, 'entries', False, 16), (1, 'max_age_s', False, 16), (2, 'key_check', False, 0))),
    # 36 bundle
    (9, ((0, 'header', False, 23), (1, 'body', False, (1, 0, 8192)))),
    # 37 trust-body
    (
        9,
        (
            (0, 'facility', False, 7),
            (1, 'root_key', False, 3),
            (2, 'issuers', False, (7, 0, 8, 22)),
            (3, 'centrals', False, (7, 1, 4, 22)),
            (4, 'signers', False, (7, 0, 16, 22)),
            (5, 'custodians', False, 38),
            (6, 'billing_key', False, 3),
        ),
    ),
    # 38 custodian-set
    (9, ((0, 'k', False, (0, 16)), (1, 'n', False, (0, 16)), (2, 'credentials', False, (7, 0, 16, 22)))),
    # 39 revocations-body
    (9, ((0, 'facility', False, 7), (1, 'revoked', False, (7, 0, 700, 40)))),
    # 40 revocation
    (10, (('key_id', 1), ('since', 14))),
    # 41 policy-body
    (
        9,
        (
            (0, 'facility', False, 7),
            (1, 'numbering', False, 42),
            (2, 'max_talk_s', False, 17),
            (3, 'ring_timeout_s', False, 16),
            (4, 'protected', False, (7, 0, 32, 43)),
            (5, 'always', False, (7, 0, 32, 43)),
        ),
    ),
    # 42 numbering-plan
    (
        9,
        (
            (0, 'country', False, (2, 1, 3, b'0123456789')),
            (1, 'international', False, (2, 0, 4, b'0123456789')),
            (2, 'trunk', False, (2, 0, 2, b'0123456789')),
            (3, 'national_length', False, (0, 15)),
            (4, 'area', False, (2, 0, 5, b'0123456789')),
        ),
    ),
    # 43 short-line
    (10, (('code', (2, 2, 6, b'0123456789*#')), ('number', 10))),
    # 44 tariff-body
    (
        9,
        (
            (0, 'facility', False, 7),
            (1, 'rate', False, 18),
            (2, 'cap', False, 18),
            (3, 'cap_source', False, (2, 0, 256, None)),
            (4, 'payer', False, 45),
            (5, 'after_end', False, 46),
        ),
    ),
    # 45 payer
    (5, ((0, 'nobody'), (1, 'caller'), (2, 'called'))),
    # 46 after-end
    (5, ((0, 'free'), (1, 'refused'))),
    # 47 directory-key
    (9, ((0, 'version', False, 16), (1, 'terminal', False, 1), (2, 'sealed', False, (1, 80, 80)))),
    # 48 record
    (
        9,
        (
            (0, 'version', False, (4, 1)),
            (1, 'kind', False, 49),
            (2, 'id', False, 2),
            (3, 'terminal', False, 7),
            (4, 'facility', False, 7),
            (5, 'seq', False, 16),
            (6, 'prev', False, 0),
            (7, 'anchor', False, 0),
            (8, 'started', False, 13),
            (9, 'answered', False, (6, 13)),
            (10, 'accepted_at', False, (6, 13)),
            (11, 'ended', False, 13),
            (12, 'talk_ms', False, 15),
            (13, 'clock', False, 50),
            (14, 'end_reason', False, 52),
            (15, 'person_token', False, (6, 4)),
            (16, 'number_token', False, 4),
            (17, 'envelopes', False, (7, 0, 18, 56)),
            (18, 'privileged', False, 53),
            (19, 'directory', False, (6, 54)),
            (20, 'policy', False, (6, 54)),
            (21, 'trust', False, 54),
            (22, 'notice', False, (7, 0, 4, 58)),
            (23, 'tariff', False, (6, 59)),
            (24, 'charge', False, 60),
            (25, 'recording', False, (6, 61)),
            (26, 'firmware', False, 65),
        ),
    ),
    # 49 record-kind
    (5, ((1, 'call'),)),
    # 50 clock
    (10, (('source', 51), ('age', 15))),
    # 51 clock-source
    (5, ((0, 'floor'), (1, 'beacon'), (2, 'gateway'))),
    # 52 end-reason
    (
        5,
        (
            (1, 'caller-hangup'),
            (2, 'called-hangup'),
            (3, 'abandoned'),
            (4, 'refused'),
            (5, 'blocked'),
            (6, 'silent'),
            (7, 'unanswered'),
            (8, 'busy'),
            (9, 'number-invalid'),
            (10, 'trunk-failed'),
            (11, 'link-lost'),
            (12, 'gateway-lost'),
            (13, 'reset'),
            (14, 'time-limit'),
            (15, 'funds'),
            (16, 'policy'),
        ),
    ),
    # 53 privilege
    (5, ((0, 'none'), (1, 'directory'), (2, 'doubt'))),
    # 54 bundle-ref
    (10, (('version', 16), ('hash', 0))),
    # 55 envelope-kind
    (5, ((0, 'person'), (1, 'number'), (2, 'share'))),
    # 56 envelope-ref
    (10, (('kind', 55), ('index', (0, 16)), ('hash', 0))),
    # 57 party
    (5, ((0, 'caller'), (1, 'called'))),
    # 58 notice
    (10, (('party', 57), ('prompt', 0), ('language', 9), ('completed_at', (6, 13)))),
    # 59 record-tariff
    (
        9,
        (
            (0, 'version', False, 16),
            (1, 'hash', False, 0),
            (2, 'rate', False, 18),
            (3, 'cap', False, 18),
            (4, 'quote', False, 18),
            (5, 'payer', False, 45),
        ),
    ),
    # 60 charge
    (9, ((0, 'minutes', False, 16), (1, 'amount', False, 18), (2, 'refunded', False, 16))),
    # 61 recording
    (
        9,
        (
            (0, 'state', False, 62),
            (1, 'codec', False, 63),
            (2, 'legs', False, (0, 2)),
            (3, 'chunks', False, 17),
            (4, 'bytes', False, (0, None)),
            (5, 'digest', False, 0),
            (6, 'k', False, (0, 16)),
            (7, 'n', False, (0, 16)),
            (8, 'readers', False, (7, 2, 16, 64)),
            (9, 'key_commitment', False, 0),
            (10, 'checkpoint', False, (6, 21)),
        ),
    ),
    # 62 recording-state
    (5, ((0, 'complete'), (1, 'cut'), (2, 'stopped'))),
    # 63 codec
    (5, ((0, 'pcmu'),)),
    # 64 reader
    (10, (('class', 8), ('organisation', 8), ('key_id', 1), ('share_hash', 0))),
    # 65 firmware
    (10, (('version', 8), ('hash', 0))),
    # 66 share-secret
    (
        10,
        (
            ('label', (4, 'sealine share')),
            ('record', 2),
            ('terminal', 1),
            ('k', (0, 16)),
            ('n', (0, 16)),
            ('index', (0, 16)),
            ('share', (1, 32, 32)),
        ),
    ),
    # 67 person-secret
    (10, (('label', (4, 'sealine person')), ('record', 2), ('person', 12))),
    # 68 number-secret
    (10, (('label', (4, 'sealine number')), ('record', 2), ('number', 10))),
    # 69 checkpoint
    (
        9,
        (
            (0, 'version', False, (4, 1)),
            (1, 'record', False, 2),
            (2, 'chunks', False, 17),
            (3, 'bytes', False, (0, None)),
            (4, 'digest', False, 0),
            (5, 'time', False, 13),
        ),
    ),
    # 70 tally
    (
        9,
        (
            (0, 'version', False, (4, 1)),
            (1, 'terminal', False, 7),
            (2, 'facility', False, 7),
            (3, 'day', False, 16),
            (4, 'head', False, (6, 71)),
            (5, 'health', False, 72),
            (6, 'protected', False, 16),
        ),
    ),
    # 71 head
    (10, (('seq', 16), ('hash', 0))),
    # 72 health
    (
        9,
        (
            (0, 'resets', False, 16),
            (1, 'journal', False, 16),
            (2, 'quarantined', False, 16),
            (3, 'frames_lost', False, 16),
        ),
    ),
    # 73 beacon
    (
        9,
        (
            (0, 'version', False, (4, 1)),
            (1, 'nonce', False, 5),
            (2, 'terminal', False, 1),
            (3, 'time', False, 13),
            (4, 'newest', False, 33),
            (5, 'head', False, (6, 71)),
            (6, 'facility', False, 7),
        ),
    ),
    # 74 receipt-protected
    (
        9,
        (
            (1, 'alg', False, (4, -8)),
            (4, 'kid', False, 1),
            (15, 'claims', False, 75),
            (395, 'vds', False, (4, 1)),
        ),
    ),
    # 75 receipt-claims
    (9, ((6, 'iat', False, 14),)),
    # 76 inclusion-proof
    (10, (('size', (0, None)), ('index', (0, None)), ('path', (7, 0, 64, 0)))),
    # 77 forked
    (9, ((0, 'hash', False, 0), (1, 'other', False, 0), (2, 'time', False, 13))),
    # 78 refusal
    (
        9,
        (
            (0, 'hash', False, 0),
            (1, 'reason', False, 79),
            (2, 'what', False, (2, 0, 128, None)),
            (3, 'time', False, 13),
        ),
    ),
    # 79 refusal-reason
    (
        5,
        (
            (1, 'malformed'),
            (2, 'schema'),
            (3, 'credential'),
            (4, 'signature'),
            (5, 'facility'),
            (6, 'envelope'),
        ),
    ),
    # 80 stored
    (9, ((0, 'record', False, 2), (1, 'digest', False, 0), (2, 'time', False, 13))),
    # 81 answer-kind
    (5, ((0, 'receipt'), (1, 'forked'), (2, 'refusal'), (3, 'stored'), (4, 'beacon'))),
    # 82 answer
    (
        9,
        (
            (0, 'kind', False, 81),
            (1, 'subject', False, 0),
            (2, 'statement', False, 24),
            (3, 'receipt', True, 24),
        ),
    ),
    # 83 link-hello
    (9, ((0, 'credentials', False, (7, 1, 3, 22)),)),
    # 84 from-terminal
    (
        11,
        (
            ('ready', 85),
            ('check-pin', 86),
            ('dial', 87),
            ('notice-done', 88),
            ('hang-up', 89),
            ('fetch', 90),
            ('beacon-ask', 91),
        ),
    ),
    # 85 ready
    (
        9,
        (
            (0, 'type', False, (4, 'ready')),
            (1, 'firmware', False, 65),
            (2, 'head', False, (6, 71)),
            (3, 'installed', False, 33),
            (4, 'call', False, (6, 2)),
        ),
    ),
    # 86 check-pin
    (9, ((0, 'type', False, (4, 'check-pin')), (1, 'person', False, 12), (2, 'pin', False, 11))),
    # 87 dial
    (
        9,
        (
            (0, 'type', False, (4, 'dial')),
            (1, 'call', False, 2),
            (2, 'number', False, 10),
            (3, 'language', False, 9),
        ),
    ),
    # 88 notice-done
    (9, ((0, 'type', False, (4, 'notice-done')), (1, 'call', False, 2))),
    # 89 hang-up
    (9, ((0, 'type', False, (4, 'hang-up')), (1, 'call', False, 2))),
    # 90 fetch
    (
        9,
        (
            (0, 'type', False, (4, 'fetch')),
            (1, 'kind', False, 32),
            (2, 'version', False, 16),
            (3, 'offset', False, 16),
        ),
    ),
    # 91 beacon-ask
    (9, ((0, 'type', False, (4, 'beacon-ask')), (1, 'nonce', False, 5))),
    # 92 from-gateway
    (
        11,
        (
            ('welcome', 93),
            ('pin-result', 94),
            ('progress', 95),
            ('ended', 97),
            ('offer', 98),
            ('deliver', 99),
            ('saved', 100),
            ('saved-chunk', 101),
            ('error', 102),
        ),
    ),
    # 93 welcome
    (
        9,
        (
            (0, 'type', False, (4, 'welcome')),
            (1, 'time', False, 13),
            (2, 'token_key', False, (1, 32, 32)),
            (3, 'call', False, (6, 2)),
        ),
    ),
    # 94 pin-result
    (
        9,
        (
            (0, 'type', False, (4, 'pin-result')),
            (1, 'ok', False, (3,)),
            (2, 'language', False, 9),
            (3, 'wait_s', False, 16),
        ),
    ),
    # 95 progress
    (9, ((0, 'type', False, (4, 'progress')), (1, 'call', False, 2), (2, 'state', False, 96))),
    # 96 call-progress
    (5, ((1, 'ringing'), (2, 'answered'), (3, 'accepted'))),
    # 97 ended
    (9, ((0, 'type', False, (4, 'ended')), (1, 'call', False, 2), (2, 'reason', False, 52))),
    # 98 offer
    (9, ((0, 'type', False, (4, 'offer')), (1, 'header', False, 23), (2, 'key', False, (6, 47)))),
    # 99 deliver
    (9, ((0, 'type', False, (4, 'deliver')), (1, 'answer', False, 82))),
    # 100 saved
    (9, ((0, 'type', False, (4, 'saved')), (1, 'hash', False, 0))),
    # 101 saved-chunk
    (9, ((0, 'type', False, (4, 'saved-chunk')), (1, 'record', False, 2), (2, 'index', False, 17))),
    # 102 link-error
    (9, ((0, 'type', False, (4, 'error')), (1, 'code', False, 103), (2, 'what', False, (2, 0, 128, None)))),
    # 103 link-error-code
    (
        5,
        (
            (1, 'malformed'),
            (2, 'unexpected'),
            (3, 'busy'),
            (4, 'unknown-bundle'),
            (5, 'storage'),
            (6, 'restricted'),
        ),
    ),
    # 104 bulk-up
    (11, (('record', 105), ('chunk', 106), ('tally', 107))),
    # 105 bulk-record
    (
        9,
        ((0, 'type', False, (4, 'record')), (1, 'record', False, 20), (2, 'envelopes', False, (7, 0, 18, 19))),
    ),
    # 106 bulk-chunk
    (
        9,
        (
            (0, 'type', False, (4, 'chunk')),
            (1, 'record', False, 2),
            (2, 'index', False, 17),
            (3, 'data', False, (1, 16, 16016)),
        ),
    ),
    # 107 bulk-tally
    (9, ((0, 'type', False, (4, 'tally')), (1, 'tally', False, 20))),
    # 108 bulk-down
    (
        9,
        (
            (0, 'type', False, (4, 'part')),
            (1, 'kind', False, 32),
            (2, 'version', False, 16),
            (3, 'offset', False, 16),
            (4, 'data', False, (1, 0, 4096)),
        ),
    ),
    # 109 command
    (
        9,
        (
            (0, 'terminal', False, 1),
            (1, 'challenge', False, 6),
            (2, 'verb', False, (2, 1, 32, None)),
            (3, 'argument', False, (1, 0, 4096)),
        ),
    ),
)
