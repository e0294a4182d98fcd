"""What the display says: four lines of 20 characters a key, in two languages, `{field}` filled in by `panel.display`.

The display is ASCII, so Spanish is written without accents.
"""

LANGUAGES = ("en", "es")

# The status line of a call: who may listen.
STATUS = {
    "none": ("RECORDED", "GRABADA"),
    "directory": ("PRIVATE", "PRIVADA"),
    "doubt": ("NOT RECORDED", "NO GRABADA"),
    "protected": ("CONFIDENTIAL", "CONFIDENCIAL"),
}

TEXTS = {
    "idle": (
        "SEALINE|Lift the handset|to make a call|",
        "SEALINE|Descuelgue para|llamar|",
    ),
    "not-enrolled": (
        "NOT ENROLLED|This phone is not|in use yet|",
        "SIN REGISTRAR|Este telefono no|esta en uso|",
    ),
    "needs-enrolment": (
        "NEEDS ENROLMENT|This phone is|out of use|",
        "PIDE REGISTRO|Este telefono esta|fuera de uso|",
    ),
    "no-service": (
        "PHONE NOT IN SERVICE|{since}|Please try later|",
        "FUERA DE SERVICIO|{since}|Intente mas tarde|",
    ),
    "language": (
        "1 English|2 Espanol||",
        "1 English|2 Espanol||",
    ),
    "person": (
        "Your number, then #||{typed}|",
        "Su numero, luego #||{typed}|",
    ),
    "pin": (
        "Your PIN, then #||{typed}|",
        "Su PIN, luego #||{typed}|",
    ),
    "pin-check": (
        "One moment...|||",
        "Un momento...|||",
    ),
    "pin-bad": (
        "Wrong number or PIN|{wait}|Any key: try again|",
        "Numero o PIN malos|{wait}|Tecla: otra vez|",
    ),
    "dial": (
        "Dial, then #||{typed}|* erases",
        "Marque, luego #||{typed}|* borra",
    ),
    "check": (
        "One moment...|||",
        "Un momento...|||",
    ),
    "quote": (
        "{status}|{price}|Any key: call|Hang up: no cost",
        "{status}|{price}|Tecla: llamar|Colgar: sin costo",
    ),
    "ringing": (
        "{status}|Calling...|{price}|Hang up: no cost",
        "{status}|Llamando...|{price}|Colgar: sin costo",
    ),
    "notice": (
        "{status}|Answered|Notice is played|",
        "{status}|Contestada|Suena el aviso|",
    ),
    "waiting": (
        "{status}|Answered|Waits for acceptance|",
        "{status}|Contestada|Espera aceptacion|",
    ),
    "accepted": (
        "{status}|Accepted||",
        "{status}|Aceptada||",
    ),
    "talking": (
        "{status}|Talking|{price}|{left}",
        "{status}|Hablando|{price}|{left}",
    ),
    "ended": (
        "{status}|Call ended|{reason}|{cost}",
        "{status}|Llamada terminada|{reason}|{cost}",
    ),
    "refused-number": (
        "Cannot call|{reason}|Hang up, try again|",
        "No se puede llamar|{reason}|Cuelgue e intente|",
    ),
    "timeout": (
        "Too slow|Hang up, try again||",
        "Tiempo agotado|Cuelgue e intente||",
    ),
}

# Words for the field {reason}: ends of a call and refusals to place one.
REASONS = {
    "caller-hangup": ("You hung up", "Usted colgo"),
    "called-hangup": ("They hung up", "Colgaron"),
    "abandoned": ("You hung up", "Usted colgo"),
    "refused": ("They refused", "Rechazada"),
    "blocked": ("They blocked calls", "Bloqueada"),
    "silent": ("Not accepted", "No aceptada"),
    "unanswered": ("No answer", "No contestan"),
    "busy": ("Busy", "Ocupado"),
    "number-invalid": ("Not a valid number", "Numero no valido"),
    "trunk-failed": ("No line", "Sin linea"),
    "link-lost": ("Connection lost", "Conexion perdida"),
    "gateway-lost": ("Connection lost", "Conexion perdida"),
    "reset": ("Phone restarted", "Telefono reiniciado"),
    "time-limit": ("Time is up", "Fin del tiempo"),
    "funds": ("No funds", "Sin saldo"),
    "policy": ("Not allowed now", "No permitida ahora"),
    "not-ready": ("Phone is not ready", "Telefono no listo"),
    "storage": ("Phone is full", "Telefono lleno"),
}

# Phrases round one value.
WORDS = {
    "free": ("Free call", "Llamada gratis"),
    "per-minute": ("{} a minute", "{} por minuto"),
    "cost": ("Cost {}", "Costo {}"),
    "left": ("{} s left", "Quedan {} s"),
    "wait": ("Wait {} s", "Espere {} s"),
    "since": ("since {} UTC", "desde {} UTC"),
}
