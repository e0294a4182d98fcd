"""Made from protocol/sealine.cddl by `python -m sealine_protocol.gen`; do not edit.

Nodes are described in protocol/sealine_protocol/cddl.py; a rule's node is RULES[NAMES.index(name)].
"""

# 0 UINT, 1 BYTES, 2 TEXT, 3 BOOL, 4 CONST, 5 ENUM, 6 NULLABLE, 7 LIST, 8 TABLE, 9 REF, 10 MAP, 11 ARRAY, 12 UNION
NAMES = (
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
    'tree-head',
    'forked',
    'refusal',
    'refusal-reason',
    'stored',
    'answer-kind',
    'answer',
    'upload',
    'upload-record',
    'upload-tally',
    'beacon-request',
    'upload-chunk',
    'gateway-status',
    'gateway-state',
    'terminal-status',
    'published-bundle',
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
    'bulk-checkpoint',
    'bulk-tally',
    'bulk-down',
    'command',
    'opening-request',
    'opening-grant',
    'opening',
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
    # 0 protected-header
    (
        10,
        (
            (1, 'alg', False, (4, -8)),
            (3, 'content_type', False, (2, 1, 64, None)),
            (4, 'kid', False, (1, 16, 16)),
        ),
    ),
    # 1 role
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
    # 2 credential
    (
        10,
        (
            (2, 'sub', False, (2, 1, 32, b'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-')),
            (4, 'exp', False, (0, None)),
            (5, 'nbf', False, (0, None)),
            (6, 'iat', False, (0, None)),
            (8, 'cnf', False, (9, 3)),
            (
                -70001,
                'facility',
                False,
                (2, 1, 32, b'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-'),
            ),
            (-70002, 'role', False, (9, 1)),
            (-70003, 'link_key', False, (1, 32, 32)),
            (-70004, 'class', True, (2, 0, 64, None)),
            (-70005, 'organisation', True, (2, 0, 64, None)),
        ),
    ),
    # 3 confirmation
    (10, ((1, 'cose_key', False, (9, 4)),)),
    # 4 cose-key
    (10, ((1, 'kty', False, (4, 1)), (-1, 'crv', False, (4, 6)), (-2, 'x', False, (1, 32, 32)))),
    # 5 signing-request
    (
        10,
        (
            (0, 'challenge', False, (1, 16, 16)),
            (1, 'identity_key', False, (1, 32, 32)),
            (2, 'link_key', False, (1, 32, 32)),
            (3, 'role', False, (9, 1)),
            (4, 'hardware_id', False, (1, 8, 32)),
            (5, 'firmware', False, (9, 40)),
        ),
    ),
    # 6 enrolment
    (
        10,
        (
            (0, 'root_key', False, (1, 32, 32)),
            (1, 'credential', False, (1, 80, 1024)),
            (2, 'issuers', False, (7, 0, 2, (1, 80, 1024))),
            (3, 'trust', False, (9, 11)),
            (4, 'time', False, (0, None)),
            (5, 'floors', False, (9, 8)),
            (6, 'gateway', False, (2, 0, 128, None)),
        ),
    ),
    # 7 bundle-kind
    (5, ((1, 'trust'), (2, 'revocations'), (3, 'directory'), (4, 'policy'), (5, 'tariff'), (6, 'firmware'))),
    # 8 versions
    (8, (9, 7), (0, 4294967295)),
    # 9 bundle-header
    (
        10,
        (
            (0, 'kind', False, (9, 7)),
            (
                1,
                'facility',
                False,
                (2, 1, 32, b'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-'),
            ),
            (2, 'version', False, (0, 4294967295)),
            (3, 'issued', False, (0, None)),
            (4, 'expires', False, (0, None)),
            (5, 'length', False, (0, 4294967295)),
            (6, 'hash', False, (1, 32, 32)),
            (7, 'directory', True, (9, 10)),
        ),
    ),
    # 10 directory-header
    (
        10,
        (
            (0, 'entries', False, (0, 4294967295)),
            (1, 'max_age_s', False, (0, 4294967295)),
            (2, 'key_check', False, (1, 32, 32)),
        ),
    ),
    # 11 bundle
    (10, ((0, 'header', False, (1, 80, 512)), (1, 'body', False, (1, 0, 8192)))),
    # 12 trust-body
    (
        10,
        (
            (
                0,
                'facility',
                False,
                (2, 1, 32, b'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-'),
            ),
            (1, 'root_key', False, (1, 32, 32)),
            (2, 'issuers', False, (7, 0, 8, (1, 80, 1024))),
            (3, 'centrals', False, (7, 1, 4, (1, 80, 1024))),
            (4, 'signers', False, (7, 0, 16, (1, 80, 1024))),
            (5, 'custodians', False, (9, 13)),
            (6, 'billing_key', False, (1, 32, 32)),
        ),
    ),
    # 13 custodian-set
    (
        10,
        (
            (0, 'k', False, (0, 16)),
            (1, 'n', False, (0, 16)),
            (2, 'credentials', False, (7, 0, 16, (1, 80, 1024))),
        ),
    ),
    # 14 revocations-body
    (
        10,
        (
            (
                0,
                'facility',
                False,
                (2, 1, 32, b'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-'),
            ),
            (1, 'revoked', False, (7, 0, 1024, (9, 15))),
        ),
    ),
    # 15 revocation
    (11, (('key_id', (1, 16, 16)), ('since', (0, None)))),
    # 16 policy-body
    (
        10,
        (
            (
                0,
                'facility',
                False,
                (2, 1, 32, b'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-'),
            ),
            (1, 'numbering', False, (9, 17)),
            (2, 'max_talk_s', False, (0, 4294967295)),
            (3, 'ring_timeout_s', False, (0, 4294967295)),
            (4, 'protected', False, (7, 0, 32, (9, 18))),
            (5, 'always', False, (7, 0, 32, (9, 18))),
        ),
    ),
    # 17 numbering-plan
    (
        10,
        (
            (0, 'country', False, (2, 1, 3, b'0123456789')),
            (1, 'international', False, (2, 0, 4, b'0123456789')),
            (2, 'trunk', False, (2, 0, 2, b'0123456789')),
            (3, 'national_length', False, (0, 15)),
            (4, 'area', False, (2, 0, 5, b'0123456789')),
        ),
    ),
    # 18 short-line
    (11, (('code', (2, 2, 6, b'0123456789*#')), ('number', (2, 1, 15, b'0123456789')))),
    # 19 tariff-body
    (
        10,
        (
            (
                0,
                'facility',
                False,
                (2, 1, 32, b'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-'),
            ),
            (1, 'rate', False, (0, None)),
            (2, 'cap', False, (0, None)),
            (3, 'cap_source', False, (2, 0, 256, None)),
            (4, 'payer', False, (9, 20)),
            (5, 'after_end', False, (9, 21)),
        ),
    ),
    # 20 payer
    (5, ((0, 'nobody'), (1, 'caller'), (2, 'called'))),
    # 21 after-end
    (5, ((0, 'free'), (1, 'refused'))),
    # 22 directory-key
    (
        10,
        (
            (0, 'version', False, (0, 4294967295)),
            (1, 'terminal', False, (1, 16, 16)),
            (2, 'sealed', False, (1, 80, 80)),
        ),
    ),
    # 23 record
    (
        10,
        (
            (0, 'version', False, (4, 1)),
            (1, 'kind', False, (9, 24)),
            (2, 'id', False, (1, 16, 16)),
            (
                3,
                'terminal',
                False,
                (2, 1, 32, b'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-'),
            ),
            (
                4,
                'facility',
                False,
                (2, 1, 32, b'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-'),
            ),
            (5, 'seq', False, (0, 4294967295)),
            (6, 'prev', False, (1, 32, 32)),
            (7, 'anchor', False, (1, 32, 32)),
            (8, 'started', False, (0, None)),
            (9, 'answered', False, (6, (0, None))),
            (10, 'accepted_at', False, (6, (0, None))),
            (11, 'ended', False, (0, None)),
            (12, 'talk_ms', False, (0, None)),
            (13, 'clock', False, (9, 25)),
            (14, 'end_reason', False, (9, 27)),
            (15, 'person_token', False, (6, (1, 16, 16))),
            (16, 'number_token', False, (1, 16, 16)),
            (17, 'envelopes', False, (7, 0, 18, (9, 31))),
            (18, 'privileged', False, (9, 28)),
            (19, 'directory', False, (6, (9, 29))),
            (20, 'policy', False, (6, (9, 29))),
            (21, 'trust', False, (9, 29)),
            (22, 'notice', False, (7, 0, 4, (9, 33))),
            (23, 'tariff', False, (6, (9, 34))),
            (24, 'charge', False, (9, 35)),
            (25, 'recording', False, (6, (9, 36))),
            (26, 'firmware', False, (9, 40)),
        ),
    ),
    # 24 record-kind
    (5, ((1, 'call'),)),
    # 25 clock
    (11, (('source', (9, 26)), ('age', (0, None)))),
    # 26 clock-source
    (5, ((0, 'floor'), (1, 'beacon'), (2, 'gateway'))),
    # 27 end-reason
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
    # 28 privilege
    (5, ((0, 'none'), (1, 'directory'), (2, 'doubt'))),
    # 29 bundle-ref
    (11, (('version', (0, 4294967295)), ('hash', (1, 32, 32)))),
    # 30 envelope-kind
    (5, ((0, 'person'), (1, 'number'), (2, 'share'))),
    # 31 envelope-ref
    (11, (('kind', (9, 30)), ('index', (0, 16)), ('hash', (1, 32, 32)))),
    # 32 party
    (5, ((0, 'caller'), (1, 'called'))),
    # 33 notice
    (
        11,
        (
            ('party', (9, 32)),
            ('prompt', (1, 32, 32)),
            ('language', (2, 2, 8, b'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-')),
            ('completed_at', (6, (0, None))),
        ),
    ),
    # 34 record-tariff
    (
        10,
        (
            (0, 'version', False, (0, 4294967295)),
            (1, 'hash', False, (1, 32, 32)),
            (2, 'rate', False, (0, None)),
            (3, 'cap', False, (0, None)),
            (4, 'quote', False, (0, None)),
            (5, 'payer', False, (9, 20)),
        ),
    ),
    # 35 charge
    (
        10,
        (
            (0, 'minutes', False, (0, 4294967295)),
            (1, 'amount', False, (0, None)),
            (2, 'refunded', False, (0, 4294967295)),
        ),
    ),
    # 36 recording
    (
        10,
        (
            (0, 'state', False, (9, 37)),
            (1, 'codec', False, (9, 38)),
            (2, 'legs', False, (0, 2)),
            (3, 'chunks', False, (0, 4294967295)),
            (4, 'bytes', False, (0, None)),
            (5, 'digest', False, (1, 32, 32)),
            (6, 'k', False, (0, 16)),
            (7, 'n', False, (0, 16)),
            (8, 'readers', False, (7, 2, 16, (9, 39))),
            (9, 'key_commitment', False, (1, 32, 32)),
            (10, 'checkpoint', False, (6, (1, 32, 32))),
        ),
    ),
    # 37 recording-state
    (5, ((0, 'complete'), (1, 'cut'), (2, 'stopped'))),
    # 38 codec
    (5, ((0, 'pcmu'),)),
    # 39 reader
    (
        11,
        (
            ('class', (2, 0, 64, None)),
            ('organisation', (2, 0, 64, None)),
            ('key_id', (1, 16, 16)),
            ('share_hash', (1, 32, 32)),
        ),
    ),
    # 40 firmware
    (11, (('version', (2, 0, 64, None)), ('hash', (1, 32, 32)))),
    # 41 share-secret
    (
        11,
        (
            ('label', (4, 'sealine share')),
            ('record', (1, 16, 16)),
            ('terminal', (1, 16, 16)),
            ('k', (0, 16)),
            ('n', (0, 16)),
            ('index', (0, 16)),
            ('share', (1, 32, 32)),
        ),
    ),
    # 42 person-secret
    (11, (('label', (4, 'sealine person')), ('record', (1, 16, 16)), ('person', (2, 1, 32, b'0123456789')))),
    # 43 number-secret
    (11, (('label', (4, 'sealine number')), ('record', (1, 16, 16)), ('number', (2, 1, 15, b'0123456789')))),
    # 44 checkpoint
    (
        10,
        (
            (0, 'version', False, (4, 1)),
            (1, 'record', False, (1, 16, 16)),
            (2, 'chunks', False, (0, 4294967295)),
            (3, 'bytes', False, (0, None)),
            (4, 'digest', False, (1, 32, 32)),
            (5, 'time', False, (0, None)),
        ),
    ),
    # 45 tally
    (
        10,
        (
            (0, 'version', False, (4, 1)),
            (
                1,
                'terminal',
                False,
                (2, 1, 32, b'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-'),
            ),
            (
                2,
                'facility',
                False,
                (2, 1, 32, b'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-'),
            ),
            (3, 'day', False, (0, 4294967295)),
            (4, 'head', False, (6, (9, 46))),
            (5, 'health', False, (9, 47)),
            (6, 'protected', False, (0, 4294967295)),
        ),
    ),
    # 46 head
    (11, (('seq', (0, 4294967295)), ('hash', (1, 32, 32)))),
    # 47 health
    (
        10,
        (
            (0, 'resets', False, (0, 4294967295)),
            (1, 'journal', False, (0, 4294967295)),
            (2, 'quarantined', False, (0, 4294967295)),
            (3, 'frames_lost', False, (0, 4294967295)),
        ),
    ),
    # 48 beacon
    (
        10,
        (
            (0, 'version', False, (4, 1)),
            (1, 'nonce', False, (1, 16, 16)),
            (2, 'terminal', False, (1, 16, 16)),
            (3, 'time', False, (0, None)),
            (4, 'newest', False, (9, 8)),
            (5, 'head', False, (6, (9, 46))),
        ),
    ),
    # 49 receipt-protected
    (
        10,
        (
            (1, 'alg', False, (4, -8)),
            (4, 'kid', False, (1, 16, 16)),
            (15, 'claims', False, (9, 50)),
            (395, 'vds', False, (4, 1)),
        ),
    ),
    # 50 receipt-claims
    (10, ((6, 'iat', False, (0, None)),)),
    # 51 inclusion-proof
    (11, (('size', (0, None)), ('index', (0, None)), ('path', (7, 0, 64, (1, 32, 32))))),
    # 52 tree-head
    (10, ((0, 'size', False, (0, None)), (1, 'root', False, (1, 32, 32)), (2, 'time', False, (0, None)))),
    # 53 forked
    (10, ((0, 'hash', False, (1, 32, 32)), (1, 'other', False, (1, 32, 32)), (2, 'time', False, (0, None)))),
    # 54 refusal
    (
        10,
        (
            (0, 'hash', False, (1, 32, 32)),
            (1, 'reason', False, (9, 55)),
            (2, 'what', False, (2, 0, 128, None)),
            (3, 'time', False, (0, None)),
        ),
    ),
    # 55 refusal-reason
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
    # 56 stored
    (
        10,
        ((0, 'record', False, (1, 16, 16)), (1, 'digest', False, (1, 32, 32)), (2, 'time', False, (0, None))),
    ),
    # 57 answer-kind
    (5, ((0, 'receipt'), (1, 'forked'), (2, 'refusal'), (3, 'stored'), (4, 'beacon'))),
    # 58 answer
    (
        10,
        (
            (0, 'kind', False, (9, 57)),
            (1, 'subject', False, (1, 32, 32)),
            (2, 'statement', False, (1, 80, 4096)),
            (3, 'receipt', True, (1, 80, 4096)),
        ),
    ),
    # 59 upload
    (12, (('record', 60), ('tally', 61), ('beacon', 62))),
    # 60 upload-record
    (
        10,
        (
            (0, 'type', False, (4, 'record')),
            (1, 'record', False, (1, 80, 8192)),
            (2, 'envelopes', False, (7, 0, 18, (1, 48, 256))),
            (3, 'credentials', False, (7, 1, 3, (1, 80, 1024))),
        ),
    ),
    # 61 upload-tally
    (
        10,
        (
            (0, 'type', False, (4, 'tally')),
            (1, 'tally', False, (1, 80, 8192)),
            (2, 'credentials', False, (7, 1, 3, (1, 80, 1024))),
        ),
    ),
    # 62 beacon-request
    (
        10,
        (
            (0, 'type', False, (4, 'beacon')),
            (1, 'nonce', False, (1, 16, 16)),
            (2, 'terminal', False, (1, 16, 16)),
        ),
    ),
    # 63 upload-chunk
    (
        10,
        (
            (0, 'record', False, (1, 16, 16)),
            (1, 'index', False, (0, 4294967295)),
            (2, 'data', False, (1, 16, 16016)),
        ),
    ),
    # 64 gateway-status
    (
        10,
        (
            (
                0,
                'gateway',
                False,
                (2, 1, 32, b'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-'),
            ),
            (1, 'state', False, (9, 65)),
            (2, 'time', False, (0, None)),
            (3, 'terminals', False, (7, 0, 256, (9, 66))),
        ),
    ),
    # 65 gateway-state
    (5, ((0, 'lost'), (1, 'running'), (2, 'stopping'))),
    # 66 terminal-status
    (11, (('terminal', (1, 16, 16)), ('connected', (3,)))),
    # 67 published-bundle
    (
        10,
        (
            (0, 'header', False, (1, 80, 512)),
            (1, 'body', False, (1, 0, 1048576)),
            (2, 'keys', False, (7, 0, 256, (9, 22))),
        ),
    ),
    # 68 link-hello
    (10, ((0, 'credentials', False, (7, 1, 3, (1, 80, 1024))),)),
    # 69 from-terminal
    (
        12,
        (
            ('ready', 70),
            ('check-pin', 71),
            ('dial', 72),
            ('notice-done', 73),
            ('hang-up', 74),
            ('fetch', 75),
            ('beacon-ask', 76),
        ),
    ),
    # 70 ready
    (
        10,
        (
            (0, 'type', False, (4, 'ready')),
            (1, 'firmware', False, (9, 40)),
            (2, 'head', False, (6, (9, 46))),
            (3, 'installed', False, (9, 8)),
            (4, 'call', False, (6, (1, 16, 16))),
        ),
    ),
    # 71 check-pin
    (
        10,
        (
            (0, 'type', False, (4, 'check-pin')),
            (1, 'person', False, (2, 1, 32, b'0123456789')),
            (2, 'pin', False, (2, 4, 12, b'0123456789')),
        ),
    ),
    # 72 dial
    (
        10,
        (
            (0, 'type', False, (4, 'dial')),
            (1, 'call', False, (1, 16, 16)),
            (2, 'number', False, (2, 1, 15, b'0123456789')),
            (
                3,
                'language',
                False,
                (2, 2, 8, b'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-'),
            ),
        ),
    ),
    # 73 notice-done
    (10, ((0, 'type', False, (4, 'notice-done')), (1, 'call', False, (1, 16, 16)))),
    # 74 hang-up
    (10, ((0, 'type', False, (4, 'hang-up')), (1, 'call', False, (1, 16, 16)))),
    # 75 fetch
    (
        10,
        (
            (0, 'type', False, (4, 'fetch')),
            (1, 'kind', False, (9, 7)),
            (2, 'version', False, (0, 4294967295)),
            (3, 'offset', False, (0, 4294967295)),
        ),
    ),
    # 76 beacon-ask
    (10, ((0, 'type', False, (4, 'beacon-ask')), (1, 'nonce', False, (1, 16, 16)))),
    # 77 from-gateway
    (
        12,
        (
            ('welcome', 78),
            ('pin-result', 79),
            ('progress', 80),
            ('ended', 82),
            ('offer', 83),
            ('deliver', 84),
            ('saved', 85),
            ('saved-chunk', 86),
            ('error', 87),
        ),
    ),
    # 78 welcome
    (
        10,
        (
            (0, 'type', False, (4, 'welcome')),
            (1, 'time', False, (0, None)),
            (2, 'token_key', False, (1, 32, 32)),
            (3, 'call', False, (6, (1, 16, 16))),
        ),
    ),
    # 79 pin-result
    (
        10,
        (
            (0, 'type', False, (4, 'pin-result')),
            (1, 'ok', False, (3,)),
            (
                2,
                'language',
                False,
                (2, 2, 8, b'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-'),
            ),
            (3, 'wait_s', False, (0, 4294967295)),
        ),
    ),
    # 80 progress
    (10, ((0, 'type', False, (4, 'progress')), (1, 'call', False, (1, 16, 16)), (2, 'state', False, (9, 81)))),
    # 81 call-progress
    (5, ((1, 'ringing'), (2, 'answered'), (3, 'accepted'))),
    # 82 ended
    (10, ((0, 'type', False, (4, 'ended')), (1, 'call', False, (1, 16, 16)), (2, 'reason', False, (9, 27)))),
    # 83 offer
    (
        10,
        (
            (0, 'type', False, (4, 'offer')),
            (1, 'header', False, (1, 80, 512)),
            (2, 'key', False, (6, (9, 22))),
        ),
    ),
    # 84 deliver
    (10, ((0, 'type', False, (4, 'deliver')), (1, 'answer', False, (9, 58)))),
    # 85 saved
    (10, ((0, 'type', False, (4, 'saved')), (1, 'hash', False, (1, 32, 32)))),
    # 86 saved-chunk
    (
        10,
        (
            (0, 'type', False, (4, 'saved-chunk')),
            (1, 'record', False, (1, 16, 16)),
            (2, 'index', False, (0, 4294967295)),
        ),
    ),
    # 87 link-error
    (
        10,
        ((0, 'type', False, (4, 'error')), (1, 'code', False, (9, 88)), (2, 'what', False, (2, 0, 128, None))),
    ),
    # 88 link-error-code
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
    # 89 bulk-up
    (12, (('record', 90), ('chunk', 91), ('checkpoint', 92), ('tally', 93))),
    # 90 bulk-record
    (
        10,
        (
            (0, 'type', False, (4, 'record')),
            (1, 'record', False, (1, 80, 8192)),
            (2, 'envelopes', False, (7, 0, 18, (1, 48, 256))),
        ),
    ),
    # 91 bulk-chunk
    (
        10,
        (
            (0, 'type', False, (4, 'chunk')),
            (1, 'record', False, (1, 16, 16)),
            (2, 'index', False, (0, 4294967295)),
            (3, 'data', False, (1, 16, 16016)),
        ),
    ),
    # 92 bulk-checkpoint
    (10, ((0, 'type', False, (4, 'checkpoint')), (1, 'checkpoint', False, (1, 80, 8192)))),
    # 93 bulk-tally
    (10, ((0, 'type', False, (4, 'tally')), (1, 'tally', False, (1, 80, 8192)))),
    # 94 bulk-down
    (
        10,
        (
            (0, 'type', False, (4, 'part')),
            (1, 'kind', False, (9, 7)),
            (2, 'version', False, (0, 4294967295)),
            (3, 'offset', False, (0, 4294967295)),
            (4, 'data', False, (1, 0, 4096)),
        ),
    ),
    # 95 command
    (
        10,
        (
            (0, 'terminal', False, (1, 16, 16)),
            (1, 'challenge', False, (1, 16, 16)),
            (2, 'verb', False, (2, 1, 32, None)),
            (3, 'argument', False, (1, 0, 4096)),
        ),
    ),
    # 96 opening-request
    (
        10,
        (
            (0, 'record', False, (1, 16, 16)),
            (1, 'record_hash', False, (1, 32, 32)),
            (2, 'case', False, (2, 1, 64, None)),
            (3, 'requester', False, (1, 16, 16)),
            (4, 'time', False, (0, None)),
            (5, 'nonce', False, (1, 16, 16)),
        ),
    ),
    # 97 opening-grant
    (
        10,
        (
            (0, 'request', False, (1, 32, 32)),
            (1, 'index', False, (0, 16)),
            (2, 'sealed_hash', False, (1, 32, 32)),
            (3, 'time', False, (0, None)),
        ),
    ),
    # 98 opening
    (
        10,
        (
            (0, 'request', False, (1, 32, 32)),
            (1, 'audio', False, (1, 32, 32)),
            (2, 'seconds', False, (0, 4294967295)),
            (3, 'missing', False, (7, 0, 2048, (0, 4294967295))),
            (4, 'time', False, (0, None)),
        ),
    ),
)
