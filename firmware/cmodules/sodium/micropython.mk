# The module `sodium`: bindings, and the parts of libsodium that they need.
# LIBSODIUM is libsodium's tree (the folder that holds src/libsodium).
SODIUM_MODULE := $(USERMOD_DIR)
LIBSODIUM ?= $(abspath $(SODIUM_MODULE)/../../../build/src/libsodium)

SRC_USERMOD_C += $(addprefix $(SODIUM_MODULE)/,aead.c hash.c keys.c modsodium.c)
SRC_USERMOD_LIB_C += $(addprefix $(SODIUM_MODULE)/,board_random_unix.c library.c)

LIBSODIUM_CFLAGS := -DCONFIGURED=1 -DNATIVE_LITTLE_ENDIAN=1 -DSODIUM_STATIC \
	-DRANDOMBYTES_CUSTOM_IMPLEMENTATION -DRANDOMBYTES_DEFAULT_IMPLEMENTATION=NULL \
	-I$(LIBSODIUM)/src/libsodium/include/sodium -I$(LIBSODIUM)/src/libsodium/include
CFLAGS_USERMOD += -I$(SODIUM_MODULE) -I$(SODIUM_MODULE)/.. -DSODIUM_STATIC \
	-I$(LIBSODIUM)/src/libsodium/include

LIBSODIUM_C := \
	crypto_aead/chacha20poly1305/aead_chacha20poly1305.c \
	crypto_aead/xchacha20poly1305/aead_xchacha20poly1305.c \
	crypto_box/crypto_box.c \
	crypto_box/crypto_box_easy.c \
	crypto_box/crypto_box_seal.c \
	crypto_box/curve25519xsalsa20poly1305/box_curve25519xsalsa20poly1305.c \
	crypto_core/ed25519/ref10/ed25519_ref10.c \
	crypto_core/hchacha20/core_hchacha20.c \
	crypto_core/hsalsa20/ref2/core_hsalsa20_ref2.c \
	crypto_core/salsa/ref/core_salsa_ref.c \
	crypto_generichash/blake2b/generichash_blake2.c \
	crypto_generichash/blake2b/ref/blake2b-compress-ref.c \
	crypto_generichash/blake2b/ref/blake2b-ref.c \
	crypto_generichash/blake2b/ref/generichash_blake2b.c \
	crypto_generichash/crypto_generichash.c \
	crypto_hash/sha256/cp/hash_sha256_cp.c \
	crypto_hash/sha256/hash_sha256.c \
	crypto_hash/sha512/cp/hash_sha512_cp.c \
	crypto_hash/sha512/hash_sha512.c \
	crypto_onetimeauth/poly1305/donna/poly1305_donna.c \
	crypto_onetimeauth/poly1305/onetimeauth_poly1305.c \
	crypto_scalarmult/crypto_scalarmult.c \
	crypto_scalarmult/curve25519/ref10/x25519_ref10.c \
	crypto_scalarmult/curve25519/scalarmult_curve25519.c \
	crypto_secretbox/crypto_secretbox.c \
	crypto_secretbox/crypto_secretbox_easy.c \
	crypto_secretbox/xsalsa20poly1305/secretbox_xsalsa20poly1305.c \
	crypto_sign/crypto_sign.c \
	crypto_sign/ed25519/ref10/keypair.c \
	crypto_sign/ed25519/ref10/open.c \
	crypto_sign/ed25519/ref10/sign.c \
	crypto_sign/ed25519/sign_ed25519.c \
	crypto_stream/chacha20/ref/chacha20_ref.c \
	crypto_stream/chacha20/stream_chacha20.c \
	crypto_stream/salsa20/ref/salsa20_ref.c \
	crypto_stream/salsa20/stream_salsa20.c \
	crypto_stream/xsalsa20/stream_xsalsa20.c \
	crypto_verify/verify.c \
	randombytes/randombytes.c \
	sodium/core.c \
	sodium/runtime.c \
	sodium/utils.c

PY_O += $(addprefix $(BUILD)/libsodium/,$(LIBSODIUM_C:.c=.o))

# Third-party sources: the machine's and the optimiser's flags of the port, none of its warnings.
# Evaluated late, so that flags that the port adds after this file count too.
$(BUILD)/libsodium/%.o: $(LIBSODIUM)/src/libsodium/%.c
	$(ECHO) "CC libsodium/$*.c"
	$(Q)$(MKDIR) -p $(dir $@)
	$(Q)$(CC) $(filter -m% -O% -f% -g%,$(CFLAGS)) -w $(LIBSODIUM_CFLAGS) -c -o $@ $<
