// Compiled into the addon in front of its own code: the allocation or call to Node-API that FT_FAIL_AT names, counted from 1 since that was
// last set to 0, fails; FT_FAIL_FROM names the first of all that fail.
#pragma once
#include <pthread.h>
#include <stdlib.h>

__attribute__((weak, visibility("hidden"))) long ft_asked;

static inline int ft_fails(void) {
  const char *at = getenv("FT_FAIL_AT"), *from = getenv("FT_FAIL_FROM");
  if (!at || !from) return 0;
  if (atol(at) == 0 && atol(from) == 0) return ft_asked = 0;
  ft_asked++;
  return ft_asked == atol(at) || (atol(from) > 0 && ft_asked >= atol(from));
}

static inline void *ft_malloc(size_t size) { return ft_fails() ? NULL : malloc(size); }
static inline void *ft_calloc(size_t count, size_t size) { return ft_fails() ? NULL : calloc(count, size); }
#define malloc ft_malloc
#define calloc ft_calloc
#define pthread_create(...) (ft_fails() ? 11 : pthread_create(__VA_ARGS__))

#ifdef NAPI_VERSION
#include <node_api.h>
#define napi_get_cb_info(...) (ft_fails() ? napi_generic_failure : napi_get_cb_info(__VA_ARGS__))
#define napi_get_value_uint32(...) (ft_fails() ? napi_generic_failure : napi_get_value_uint32(__VA_ARGS__))
#define napi_get_value_int32(...) (ft_fails() ? napi_generic_failure : napi_get_value_int32(__VA_ARGS__))
#define napi_get_value_external(...) (ft_fails() ? napi_generic_failure : napi_get_value_external(__VA_ARGS__))
#define napi_check_object_type_tag(...) (ft_fails() ? napi_generic_failure : napi_check_object_type_tag(__VA_ARGS__))
#define napi_type_tag_object(...) (ft_fails() ? napi_generic_failure : napi_type_tag_object(__VA_ARGS__))
#define napi_create_external(...) (ft_fails() ? napi_generic_failure : napi_create_external(__VA_ARGS__))
#define napi_create_array(...) (ft_fails() ? napi_generic_failure : napi_create_array(__VA_ARGS__))
#define napi_create_string_utf8(...) (ft_fails() ? napi_generic_failure : napi_create_string_utf8(__VA_ARGS__))
#define napi_create_uint32(...) (ft_fails() ? napi_generic_failure : napi_create_uint32(__VA_ARGS__))
#define napi_set_element(...) (ft_fails() ? napi_generic_failure : napi_set_element(__VA_ARGS__))
#define napi_is_typedarray(...) (ft_fails() ? napi_generic_failure : napi_is_typedarray(__VA_ARGS__))
#define napi_get_typedarray_info(...) (ft_fails() ? napi_generic_failure : napi_get_typedarray_info(__VA_ARGS__))
#endif
