/*
 * A module with commands that no Redis has, for tests of what proxies learn from servers. Written against the modules' binary interface
 * alone (redis.io/docs/reference/modules), so that no header is needed: cc -shared -fPIC -o tw.so learnt-module.c
 */
#include <stddef.h>
#include <stdint.h>

typedef struct Context Context;
typedef struct String String;
typedef struct Command Command;
typedef struct Reply Reply;
typedef int (*Handler)(Context *, String **, int);

typedef struct {
    int version;
    size_t history_size, spec_size, argument_size;
} Version;

typedef struct {
    const char *notes;
    uint64_t flags;
    int begin_type;
    union {
        struct { int position; } index;
        struct { const char *word; int start; } keyword;
    } begin;
    int find_type;
    union {
        struct { int last, step, limit; } range;
        struct { int at, first, step; } counted;
    } find;
} KeySpec;

typedef struct {
    const Version *version;
    const char *summary, *complexity, *since;
    void *history;
    const char *tips;
    int arity;
    KeySpec *specs;
    void *arguments;
} Info;

static int (*create)(Context *, const char *, Handler, const char *, int, int, int);
static void (*name_module)(Context *, const char *, int, int);
static Command *(*command)(Context *, const char *);
static int (*describe)(Command *, const Info *);
static Reply *(*call)(Context *, const char *, const char *, ...);
static int (*answer)(Context *, Reply *);
static int (*wrong_arity)(Context *);

static int set(Context *context, String **words, int count) {
    return count == 3 ? answer(context, call(context, "SET", "!ss", words[1], words[2])) : wrong_arity(context);
}

static int get(Context *context, String **words, int count) {
    return count == 2 ? answer(context, call(context, "GET", "s", words[1])) : wrong_arity(context);
}

/* TW.COUNT numkeys key [key …]: how many of them there are */
static int count_keys(Context *context, String **words, int count) {
    return count > 2 ? answer(context, call(context, "EXISTS", "v", words + 2, (size_t)(count - 2)))
                     : wrong_arity(context);
}

int RedisModule_OnLoad(Context *context, String **words, int count) {
    int (*api)(const char *, void *) = (int (*)(const char *, void *))(((void **)context)[0]);
    (void)words, (void)count;
    api("RedisModule_SetModuleAttribs", &name_module);
    api("RedisModule_CreateCommand", &create);
    api("RedisModule_GetCommand", &command);
    api("RedisModule_SetCommandInfo", &describe);
    api("RedisModule_Call", &call);
    api("RedisModule_ReplyWithCallReply", &answer);
    api("RedisModule_WrongArity", &wrong_arity);
    name_module(context, "tw", 1, 1);
    if (create(context, "tw.set", set, "write deny-oom", 1, 1, 1) ||
        create(context, "tw.get", get, "readonly", 1, 1, 1) ||
        create(context, "tw.count", count_keys, "readonly", 0, 0, 0) ||
        /* its keys are told by a function of its own, which COMMAND does not show */
        create(context, "tw.hidden", get, "readonly getkeys-api", 0, 0, 0))
        return 1;
    static Version version = {1, sizeof(void *) * 2, sizeof(KeySpec), sizeof(void *) * 8};
    KeySpec specs[] = {
        {.flags = 1, .begin_type = 2, .begin.index = {1}, .find_type = 3, .find.counted = {0, 1, 1}},
        {0},
    };
    Info info = {.version = &version, .arity = -3, .specs = specs};
    return describe(command(context, "tw.count"), &info);
}
